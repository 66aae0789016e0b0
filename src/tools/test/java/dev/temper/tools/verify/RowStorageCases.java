package dev.temper.tools.verify;

import dev.temper.DType;
import dev.temper.Divergence;
import dev.temper.Reduction;
import dev.temper.tools.verify.RowOptions.Given;
import java.util.ArrayList;
import java.util.List;

/**
 * Cases for every row storage of the CUDA sources: each number of classes has several losses, dtypes, layouts and
 * contents.
 */
final class RowStorageCases {

  /**
   * The most classes, in f32, of 1 to 32 lanes, a warp's shared memory, and the shared memory of small and large
   * blocks.
   */
  static final int[] SHORT = {1, 5, 13, 29, 61, 125, 253, 1_009, 2_045, 4_093, 10_000};

  /**
   * Clusters of 2 to 16 blocks, of 16 with one block on a multiprocessor, and re-read rows, on compute capability 9.0.
   */
  static final int[] LONG = {20_000, 40_000, 100_000, 200_000, 262_144, 600_000};

  private static final Content[] CONTENTS = {
    Content.NORMAL, Content.NON_FINITE, Content.ABSENT, Content.NEARLY_EQUAL, Content.SHIFTED, Content.STUDENT_ABSENT,
        Content.SHARP
  };

  /** One divergence for each policy. */
  private static final List<String> DIVERGENCES = List.of("forward-kl", "reverse-kl", "mixed:0.4", "jsd:0.5",
      "skew-forward-kl:0.1", "skew-reverse-kl:0.1", "tvd", "nla", "logit-mse", "dkd:1.0,8.0");

  private RowStorageCases() {}

  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    for (int classes : SHORT) {
      add(cases, classes, 9);
    }
    for (int classes : LONG) {
      add(cases, classes, classes > 100_000 ? 2 : 3);
    }
    addPersistent(cases);
    return cases;
  }

  /** A few cases for builds that check every access: lanes, a warp, a block, a cluster, and re-read rows. */
  static List<Case> few() {
    List<Case> cases = new ArrayList<>();
    for (int classes : new int[] {13, 253, 1_009, 2_045, 30_000}) {
      add(cases, classes, 4);
    }
    add(cases, 600_000, 1);
    addPersistent(cases);
    addPrepared(cases);
    return cases.stream().filter(c -> c.layout().classes() < 600_000 || c.layout().student() == DType.F32).toList();
  }

  /** Rows in rings: several rows of a block, with misaligned ends and teachers, and rows of a cluster. */
  static List<Case> inRings() {
    List<Case> cases = new ArrayList<>();
    add(cases, 13_001, 7);
    add(cases, 30_011, 3);
    addPersistent(cases);
    return cases.stream().filter(c -> c.group() == CaseGroup.CLASSES).toList();
  }

  /** The cases of {@link #few} that show a planted defect; each is compiled again for each defect. */
  static List<Case> forDefects() {
    return few().stream().filter(c -> c.method().isLoss() && c.layout().student() != DType.F16
            && (c.method() != EngineMethod.FORWARD || c.layout().classes() == 2_045)
            && c.options().teacher() == TeacherKind.LOGITS
            && c.layout().classes() != 1_009 && c.layout().classes() != 600_000)
        .toList();
  }

  private static void add(List<Case> cases, int classes, int rows) {
    int number = cases.size();
    String divergence = DIVERGENCES.get(number / 5 % DIVERGENCES.size());
    loss(classes, rows, number).loss(b -> b.divergence(Divergence.parse(divergence)))
        .add(cases, "f32-" + divergence + "-c" + classes);
    loss(classes, rows, number + 1).loss(b -> b.divergence(Divergence.jensenShannon(0.3))).method(EngineMethod.BACKWARD)
        .layout(l -> l.dtypes(DType.BF16, DType.BF16, DType.BF16).placed(3, 5, 0, false))
        .add(cases, "bf16-jsd-backward-c" + classes);
    loss(classes, rows, number + 2).dtype(DType.F16).loss(b -> b.softWeight(0).hardWeight(1))
        .options(o -> o.withLabels(0.2).withInPlace(true))
        .layout(l -> l.padded(8, 0).placed(8, 8, 0, false)).loss(b -> b.numClasses(classes))
        .add(cases, "f16-cross-entropy-c" + classes);
    // The rows of teacher and student have different misalignments.
    loss(classes, rows, number + 3).method(EngineMethod.FORWARD)
        .loss(b -> b.temperature(4).reduction(Reduction.SUM).numClasses(classes))
        .layout(l -> l.dtypes(DType.F32, DType.BF16, DType.F32).padded(0, 3).placed(1, 3, 0, false))
        .options(o -> o.withLabels(0.2).withWeights())
        .add(cases, "f32-bf16-forward-c" + classes);
    EngineMethod[] primitives = {EngineMethod.LOG_SOFTMAX, EngineMethod.LOG_SOFTMAX_BACKWARD, EngineMethod.SOFTMAX,
        EngineMethod.ARGMAX};
    EngineMethod primitive = primitives[number % primitives.length];
    CaseGroup group = primitive == EngineMethod.ARGMAX ? CaseGroup.ARGMAX
        : primitive == EngineMethod.SOFTMAX ? CaseGroup.SOFTMAX_INFERENCE
        : primitive == EngineMethod.LOG_SOFTMAX ? CaseGroup.LOG_SOFTMAX_FORWARD : CaseGroup.LOG_SOFTMAX_BACKWARD_PASS;
    CaseBuilder.of(group).method(primitive).classes(classes).layout(l -> l.rows(rows).placed(2, 3, 0, false))
        .add(cases, "c" + classes);
  }

  /** Several rows of one thread group with the same alignment, which end within a vector. */
  private static void addPersistent(List<Case> cases) {
    loss(20_003, 4, 0).loss(b -> b.numClasses(20_003))
        .layout(l -> l.dtypes(DType.BF16, DType.BF16, DType.BF16).padded(5, 5))
        .add(cases, "bf16-persistent-c20003");
  }

  /** Teachers whose rows are prepared: by lanes of a warp, and by a cluster. */
  private static void addPrepared(List<Case> cases) {
    loss(253, 4, 0).layout(l -> l.dtypes(DType.BF16, DType.BF16, DType.BF16))
        .options(o -> o.withTeacher(TeacherKind.CLASS_MAP).with(Given.ROW_OUTPUTS)).add(cases, "class-map-c253");
    loss(20_000, 3, 0).options(o -> o.withTeacher(TeacherKind.MIXTURE)).add(cases, "mixture-c20000");
  }

  private static CaseBuilder loss(int classes, int rows, int number) {
    return CaseBuilder.of(CaseGroup.CLASSES).classes(classes).layout(l -> l.rows(rows))
        .content(CONTENTS[number % CONTENTS.length]);
  }
}

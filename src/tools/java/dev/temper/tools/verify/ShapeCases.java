package dev.temper.tools.verify;

import dev.temper.DType;
import dev.temper.Divergence;
import java.util.List;
import java.util.Locale;

/** Cases of numbers of classes, dtypes, addresses and padding. */
final class ShapeCases {

  private static final DType[] FLOATING = {DType.F32, DType.BF16, DType.F16};

  /**
   * Numbers of classes for every cluster size of compute capability 9.0. The rows of student and teacher together take
   * 48 KB to 2.4 MB.
   */
  static final int[] CLUSTER_CLASSES = {12_000, 24_000, 48_000, 96_000, 192_000, 350_000};

  private ShapeCases() {}

  static void add(List<Case> cases) {
    classes(cases);
    clusters(cases);
    manyRows(cases);
    dtypes(cases);
    layouts(cases);
    padding(cases);
  }

  private static void classes(List<Case> cases) {
    for (int classes : new int[] {1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 31, 32, 33, 100, 1000, 1023, 1024, 1025, 4097,
        32000, 50257, 128256, 262144}) {
      Level level = classes <= 4097 ? Level.QUICK : Level.DEFAULT;
      CaseBuilder.of(CaseGroup.CLASSES).level(level).classes(classes).add(cases, "c" + classes);
      Level others = classes <= 4097 ? Level.DEFAULT : Level.FULL;
      CaseBuilder.of(CaseGroup.CLASSES).level(others).classes(classes).dtype(DType.BF16)
          .add(cases, "c" + classes + "-bf16");
      CaseBuilder.of(CaseGroup.CLASSES).level(others).classes(classes).dtype(DType.F16)
          .add(cases, "c" + classes + "-f16");
      CaseBuilder.of(CaseGroup.CLASSES).level(others).classes(classes)
          .loss(b -> b.divergence(Divergence.jensenShannon(0.5)))
          .add(cases, "c" + classes + "-jsd");
    }
  }

  private static void clusters(List<Case> cases) {
    for (int classes : CLUSTER_CLASSES) {
      for (DType dtype : FLOATING) {
        CaseBuilder.of(CaseGroup.CLUSTERS).level(classes <= 24_000 ? Level.QUICK : Level.DEFAULT).classes(classes)
            .dtype(dtype)
            .layout(l -> l.rows(2)).add(cases, "c" + classes + "-" + name(dtype));
      }
    }
  }

  /**
   * Rows in the shared memory of a block or of a cluster. The rows of a block differ: some are ignored, have the weight
   * 0, are non-finite, or lack classes.
   */
  private static void manyRows(List<Case> cases) {
    many(1000, 4099, DType.BF16).options(o -> o.withLabels(0.2)).add(cases, "bf16-c4099");
    many(300, 13_001, DType.F32).content(Content.NON_FINITE_WHERE_UNUSED)
        .options(o -> o.withLabels(0.2).withWeights()).add(cases, "f32-c13001-unused");
    many(300, 13_001, DType.BF16).content(Content.STUDENT_ABSENT)
        .loss(b -> b.divergence(Divergence.jensenShannon(0.3))).add(cases, "bf16-c13001-jsd");
    many(200, 30_011, DType.BF16).content(Content.NON_FINITE).loss(b -> b.temperature(3))
        .add(cases, "bf16-c30011-non-finite");
    many(150, 30_011, DType.F32).method(EngineMethod.BACKWARD).options(o -> o.withLabels(0.2))
        .add(cases, "f32-c30011-backward");
    many(70, 128_256, DType.BF16).options(o -> o.withLabels(0.2)).add(cases, "bf16-c128256");
  }

  private static CaseBuilder many(int rows, int classes, DType dtype) {
    return CaseBuilder.of(CaseGroup.MANY_ROWS).level(Level.FULL).classes(classes).dtype(dtype)
        .layout(l -> l.rows(rows));
  }

  private static void dtypes(List<Case> cases) {
    for (DType student : FLOATING) {
      for (DType teacher : FLOATING) {
        dtype(cases, student, teacher, DType.F32);
        if (student != DType.F32) {
          dtype(cases, student, teacher, student);
        }
      }
    }
  }

  private static void dtype(List<Case> cases, DType student, DType teacher, DType gradient) {
    String name = name(student) + "-" + name(teacher) + "-" + name(gradient);
    for (int classes : new int[] {7, 33, 1023}) {
      for (EngineMethod method : new EngineMethod[] {EngineMethod.FORWARD_BACKWARD, EngineMethod.BACKWARD}) {
        CaseBuilder.of(CaseGroup.DTYPES).level(classes == 33 ? Level.QUICK : Level.DEFAULT).classes(classes)
            .method(method)
            .layout(l -> l.dtypes(student, teacher, gradient))
            .add(cases, name + "-c" + classes + (method == EngineMethod.BACKWARD ? "-backward" : ""));
      }
    }
  }

  private static void layouts(List<Case> cases) {
    int[] offsets = {0, 1, 3, 5, 8};
    int[] gaps = {0, 1, 7, 16};
    for (DType dtype : FLOATING) {
      for (int classes : new int[] {5, 16, 67, 1030}) {
        for (int offset : offsets) {
          for (int gap : gaps) {
            boolean guard = (offset + gap) % 2 == 1;
            Level level = classes == 67 && (offset + gap) % 4 == 1 ? Level.QUICK : classes == 1030 ? Level.FULL
                : Level.DEFAULT;
            CaseBuilder.of(CaseGroup.LAYOUTS).level(level).classes(classes).dtype(dtype)
                .layout(l -> l.rows(Math.min(l.rows(), 9)).placed(gap, offset, 0, guard))
                .add(cases, name(dtype) + "-c" + classes + "-offset" + offset + "-gap" + gap);
          }
        }
      }
      CaseBuilder.of(CaseGroup.LAYOUTS).classes(37).dtype(dtype).layout(l -> l.placed(3, 2, 1, true))
          .add(cases, name(dtype) + "-odd-address");
    }
    CaseBuilder.of(CaseGroup.LAYOUTS).level(Level.DEFAULT).classes(32001).layout(l -> l.placed(5, 3, 0, false))
        .add(cases, "f32-c32001-offset3");
  }

  private static void padding(List<Case> cases) {
    int[][] paddings = {{0, 0}, {1, 0}, {0, 3}, {64, 7}, {5, 130}};
    for (DType dtype : FLOATING) {
      for (int classes : new int[] {3, 16, 100, 1024}) {
        for (int[] padding : paddings) {
          for (EngineMethod method : new EngineMethod[] {EngineMethod.FORWARD_BACKWARD, EngineMethod.BACKWARD}) {
            Level level = classes == 100 && padding[0] > 0 ? Level.QUICK : Level.DEFAULT;
            CaseBuilder.of(CaseGroup.PADDING).level(level).classes(classes).dtype(dtype).method(method)
                .layout(l -> l.rows(Math.min(l.rows(), 17)).padded(padding[0], padding[1]))
                .loss(b -> b.numClasses(classes))
                .add(cases, name(dtype) + "-c" + classes + "+" + padding[0] + "+" + padding[1]
                    + (method == EngineMethod.BACKWARD ? "-backward" : ""));
          }
        }
      }
    }
  }

  static String name(DType dtype) {
    return dtype.name().toLowerCase(Locale.ROOT);
  }
}

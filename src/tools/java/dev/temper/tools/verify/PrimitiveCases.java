package dev.temper.tools.verify;

import dev.temper.DType;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Cases of log-softmax and its backward, softmax and argmax. */
final class PrimitiveCases {

  private static final Map<CaseGroup, EngineMethod> METHODS = Map.of(
      CaseGroup.LOG_SOFTMAX_FORWARD, EngineMethod.LOG_SOFTMAX,
      CaseGroup.LOG_SOFTMAX_BACKWARD_PASS, EngineMethod.LOG_SOFTMAX_BACKWARD,
      CaseGroup.SOFTMAX_INFERENCE, EngineMethod.SOFTMAX);

  private PrimitiveCases() {}

  static void add(List<Case> cases) {
    for (CaseGroup group : List.of(CaseGroup.LOG_SOFTMAX_FORWARD, CaseGroup.LOG_SOFTMAX_BACKWARD_PASS,
        CaseGroup.SOFTMAX_INFERENCE)) {
      EngineMethod method = METHODS.getOrDefault(group, EngineMethod.SOFTMAX);
      for (int classes : new int[] {1, 3, 10, 16, 17, 100, 1025, 32000}) {
        Level level = classes <= 1025 ? Level.QUICK : Level.DEFAULT;
        for (double temperature : method == EngineMethod.SOFTMAX ? new double[] {1} : new double[] {1, 2, 3}) {
          CaseBuilder.of(group).level(level).method(method).classes(classes).loss(b -> b.temperature(temperature))
              .layout(l -> l.placed(classes % 4, classes % 3, 0, classes % 2 == 0))
              .add(cases, "c" + classes + "-T" + LossCases.number(temperature));
        }
      }
      for (DType in : new DType[] {DType.F32, DType.BF16, DType.F16}) {
        for (DType out : new DType[] {DType.F32, DType.BF16, DType.F16}) {
          CaseBuilder.of(group).method(method).classes(67).layout(l -> l.dtypes(in, in, out))
              .add(cases, ShapeCases.name(in) + "-" + ShapeCases.name(out));
        }
      }
      CaseBuilder.of(group).method(method).content(Content.SHARP).add(cases, "sharp");
      CaseBuilder.of(group).method(method).content(Content.SHIFTED).add(cases, "shifted");
      CaseBuilder.of(group).method(method).options(o -> o.withInPlace(true)).add(cases, "in-place");
    }
    for (CaseGroup group : List.of(CaseGroup.LOG_SOFTMAX_FORWARD, CaseGroup.SOFTMAX_INFERENCE)) {
      EngineMethod method = METHODS.getOrDefault(group, EngineMethod.SOFTMAX);
      CaseBuilder.of(group).method(method).content(Content.ABSENT).add(cases, "absent-classes");
      CaseBuilder.of(group).method(method).content(Content.NON_FINITE).add(cases, "non-finite");
    }
    argmax(cases);
  }

  private static void argmax(List<Case> cases) {
    for (DType labels : new DType[] {DType.I32, DType.I64}) {
      for (Content content : new Content[] {Content.NORMAL, Content.TIES, Content.NON_FINITE, Content.ABSENT}) {
        for (int classes : new int[] {1, 3, 16, 17, 1000, 32001}) {
          for (DType dtype : new DType[] {DType.F32, DType.BF16, DType.F16}) {
            CaseBuilder.of(CaseGroup.ARGMAX).level(classes <= 17 ? Level.QUICK : Level.DEFAULT)
                .method(EngineMethod.ARGMAX).classes(classes)
                .dtype(dtype).content(content).layout(l -> l.labels(labels))
                .add(cases, content(content) + "-" + ShapeCases.name(dtype) + "-" + ShapeCases.name(labels) + "-c"
                    + classes);
          }
        }
      }
    }
  }

  private static String content(Content content) {
    return content.name().toLowerCase(Locale.ROOT);
  }
}

package dev.temper.tools.verify;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import java.util.List;
import java.util.function.UnaryOperator;

/** Builds a case from the default one: soft + hard loss at T = 2, 100 classes, f32, loss and gradient. */
final class CaseBuilder {

  private final CaseGroup group;
  private Level level = Level.QUICK;
  private Check check = Check.ORACLE;
  private EngineMethod method = EngineMethod.FORWARD_BACKWARD;
  private DistillationLoss loss = DistillationLoss.hinton(2, 0.7);
  private Layout layout = Layout.of(rows(100), 100);
  private Content content = Content.NORMAL;
  private RowOptions options = RowOptions.none();

  private CaseBuilder(CaseGroup group) {
    this.group = group;
  }

  static CaseBuilder of(CaseGroup group) {
    return new CaseBuilder(group);
  }

  CaseBuilder level(Level value) {
    level = value;
    return this;
  }

  CaseBuilder check(Check value) {
    check = value;
    return this;
  }

  CaseBuilder method(EngineMethod value) {
    method = value;
    return this;
  }

  CaseBuilder loss(DistillationLoss value) {
    loss = value;
    return this;
  }

  /** Changes the loss. */
  CaseBuilder loss(UnaryOperator<DistillationLoss.Builder> change) {
    loss = change.apply(loss.toBuilder()).build();
    return this;
  }

  /** Sets the loss to the soft part alone, with this divergence. */
  CaseBuilder soft(Divergence divergence) {
    loss = loss.toBuilder().divergence(divergence).softWeight(1).hardWeight(0).build();
    return this;
  }

  /** Sets the number of classes, and rows for about 6,000 logits. */
  CaseBuilder classes(int value) {
    layout = Layout.of(rows(value), value).dtypes(layout.student(), layout.teacher(), layout.gradient());
    return this;
  }

  CaseBuilder layout(UnaryOperator<Layout> change) {
    layout = change.apply(layout);
    return this;
  }

  /** Sets columns of padding, and numClasses without them. */
  CaseBuilder padded(int student, int teacher) {
    layout = layout.padded(student, teacher);
    return loss(b -> b.numClasses(layout.classes()));
  }

  CaseBuilder dtype(DType value) {
    layout = layout.dtypes(value, value, value);
    return this;
  }

  CaseBuilder content(Content value) {
    content = value;
    return this;
  }

  CaseBuilder options(UnaryOperator<RowOptions> change) {
    options = change.apply(options);
    return this;
  }

  /** Adds the case under the name GROUP/NAME, with labels if the loss reads labels. */
  void add(List<Case> cases, String name) {
    boolean needsLabels = loss.hardWeight() > 0 || loss.divergence() instanceof Divergence.Dkd;
    RowOptions given = needsLabels && !options.labels() ? options.withLabels(0) : options;
    cases.add(new Case(group, group.id() + "/" + name, level, check, method, loss, layout, content, given));
  }

  private static int rows(int classes) {
    return classes > 100_000 ? 2 : Math.clamp(6000 / classes, 3, 67);
  }
}

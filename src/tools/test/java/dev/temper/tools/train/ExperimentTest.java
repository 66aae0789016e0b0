package dev.temper.tools.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.LossEngine;
import dev.temper.tools.train.Corpus.TextDocument;
import dev.temper.tools.train.TrainPlan.Budget;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
final class ExperimentTest {

  private static final Budget TEACHER = new Budget(12, 48, 300, 1e-2);
  private static final Budget STUDENT = new Budget(3, 3, 100, 2e-2);

  /**
   * Sentences in which each word follows from the two before it: 600 documents of a table-driven language with 32
   * words.
   */
  private static Corpus corpus() {
    SplittableRandom random = new SplittableRandom(11);
    int[] next = random.ints(32 * 32, 0, 32).toArray();
    List<TextDocument> documents = new ArrayList<>();
    for (int d = 0; d < 600; d++) {
      List<String> words = new ArrayList<>();
      int before = random.nextInt(32);
      int last = random.nextInt(32);
      for (int i = 0; i < 20; i++) {
        int word = random.nextInt(10) == 0 ? random.nextInt(32) : next[before * 32 + last];
        before = last;
        last = word;
        words.add("w" + word);
      }
      documents.add(new TextDocument("document " + d, words));
    }
    return new Corpus("a made-up language", documents);
  }

  private static TrainPlan plan(Budget teacher) {
    return new TrainPlan(64, 3, 64, teacher, STUDENT, List.of(DistillationLoss.hinton(2, 0.7)), 5, 1,
        TrainPlan.Head.LOGITS, null);
  }

  private static TrainReport run(TrainPlan plan) {
    try (LossEngine engine = LossEngine.open("auto")) {
      return Experiment.run(corpus(), plan, engine, (done, total, note) -> {}, () -> false);
    }
  }

  @Test
  void lossFallsAndTheTeacherWins() {
    TrainReport report = run(plan(TEACHER));
    for (ModelOutcome outcome : report.outcomes().getFirst().models()) {
      var curve = outcome.curve();
      assertThat(curve.getLast().loss()).as(outcome.name()).isLessThan(0.9 * curve.getFirst().loss());
      assertThat(curve.getLast().validation()).isLessThan(curve.getFirst().validation());
      assertThat(curve.getLast().step()).isEqualTo(outcome.steps());
    }
    assertThat(report.failures()).isEmpty();
    assertThat(report.margin()).isGreaterThan(0.1);
    assertThat(report.differences().checks()).isGreaterThan(60);
    assertThat(report.outcomes().getFirst().text()).contains("w");
  }

  @Test
  void aFusedHeadGivesTheSameCurvesWithinRounding() {
    List<ModelOutcome> logits = run(plan(TEACHER)).outcomes().getFirst().models();
    TrainReport report = run(plan(TEACHER).withHead(TrainPlan.Head.FUSED));
    List<ModelOutcome> fused = report.outcomes().getFirst().models();
    assertThat(report.differences().hold()).as("%s", report.differences()).isTrue();
    for (int model = 0; model < 3; model++) {
      assertThat(fused.get(model).curve()).hasSameSizeAs(logits.get(model).curve());
      for (int i = 0; i < fused.get(model).curve().size(); i++) {
        ModelOutcome.CurvePoint expected = logits.get(model).curve().get(i);
        assertThat(fused.get(model).curve().get(i).loss()).isCloseTo(expected.loss(), within(1e-3));
        assertThat(fused.get(model).curve().get(i).validation()).isCloseTo(expected.validation(), within(1e-3));
      }
      assertThat(fused.get(model).logitBytes()).isPositive().isLessThanOrEqualTo(logits.get(model).logitBytes());
    }
  }

  @Test
  void aSeedDecidesEveryBit() {
    TrainReport first = run(plan(TEACHER));
    TrainReport second = run(plan(TEACHER));
    for (int model = 0; model < 3; model++) {
      ModelOutcome a = first.outcomes().getFirst().models().get(model);
      ModelOutcome b = second.outcomes().getFirst().models().get(model);
      assertThat(a.curve()).isEqualTo(b.curve());
      assertThat(a.heldOut()).isEqualTo(b.heldOut());
    }
    assertThat(first.outcomes().getFirst().text()).isEqualTo(second.outcomes().getFirst().text());
    TrainReport other = run(plan(TEACHER).withSeeds(6, 1));
    assertThat(other.outcomes().getFirst().models().getFirst().curve())
        .isNotEqualTo(first.outcomes().getFirst().models().getFirst().curve());
  }

  @Test
  void aCrippledTeacherFailsTheRun() {
    TrainReport report = run(plan(new Budget(1, 1, 3, 1e-3)));
    assertThat(report.failures()).singleElement().asString().contains("nothing to distil", "0.1");
  }

  @Test
  void eachLossHasAStudentOfItsOwn() {
    List<DistillationLoss> losses = List.of(DistillationLoss.hinton(1, 0.7), DistillationLoss.hinton(2, 0.7));
    TrainReport both = run(plan(new Budget(12, 48, 60, 1e-2)).withDistillations(losses));
    TrainReport second = run(plan(new Budget(12, 48, 60, 1e-2)));
    List<ModelOutcome> models = both.outcomes().getFirst().models();
    assertThat(models).extracting(ModelOutcome::name).containsExactly(
        "teacher", "student, labels only", "student, distilled at T = 1", "student, distilled at T = 2");
    assertThat(models.get(3).curve()).isEqualTo(second.outcomes().getFirst().models().get(2).curve());
    assertThat(models.get(2).curve()).isNotEqualTo(models.get(3).curve());
  }

  @Test
  void aStudentLearnsFromEveryDivergence() {
    List<String> kinds = List.of("forward-kl", "reverse-kl", "mixed:0.5", "jsd:0.5", "jsd:0.1", "skew-forward-kl:0.1",
        "skew-reverse-kl:0.1", "tvd", "nla", "dkd:1,2", "logit-mse");
    List<DistillationLoss> losses = kinds.stream().map(kind -> DistillationLoss.hinton(2, 0.7).toBuilder()
        .divergence(Divergence.parse(kind)).build()).toList();
    TrainReport report = run(plan(new Budget(12, 48, 60, 1e-2)).withDistillations(losses));
    List<ModelOutcome> students = report.outcomes().getFirst().models().subList(2, 2 + kinds.size());
    for (int i = 0; i < kinds.size(); i++) {
      List<ModelOutcome.CurvePoint> curve = students.get(i).curve();
      assertThat(curve).as(kinds.get(i)).allSatisfy(point -> {
        assertThat(point.loss()).isFinite();
        assertThat(point.validation()).isFinite();
      });
      assertThat(curve.getLast().step()).isEqualTo(STUDENT.steps());
      assertThat(curve.getLast().loss()).as(kinds.get(i)).isLessThan(0.9 * curve.getFirst().loss());
      assertThat(students.get(i).heldOut().crossEntropy()).as(kinds.get(i))
          .isLessThan(curve.getFirst().validation());
    }
    assertThat(report.differences().hold()).as("%s", report.differences()).isTrue();
  }

  @Test
  void aRunThatIsStoppedKeepsWhatItHas() {
    int[] steps = new int[1];
    TrainReport report;
    try (LossEngine engine = LossEngine.open("auto")) {
      report = Experiment.run(corpus(), plan(new Budget(12, 48, 60, 1e-2)), engine, (done, total, note) -> steps[0]++,
          () -> steps[0] >= 69);
    }
    List<ModelOutcome> models = report.outcomes().getFirst().models();
    assertThat(models).extracting(ModelOutcome::steps).containsExactly(60, 10);
    assertThat(models.get(1).isComplete()).isFalse();
    assertThat(models.get(1).curve().getLast().step()).isEqualTo(10);
    assertThat(report.outcomes().getFirst().text()).isEmpty();
    assertThat(report.isComplete()).isFalse();
  }

  @Test
  void severalSeedsAreAveraged() {
    TrainReport report = run(plan(new Budget(12, 48, 60, 1e-2)).withSeeds(5, 3));
    assertThat(report.outcomes()).extracting(SeedOutcome::seed).containsExactly(5L, 6L, 7L);
    double mean = report.outcomes().stream()
        .mapToDouble(o -> o.models().get(SeedOutcome.DISTILLED).heldOut().crossEntropy()).sum() / 3;
    assertThat(report.means().get(2).heldOut().crossEntropy()).isEqualTo(mean);
  }
}

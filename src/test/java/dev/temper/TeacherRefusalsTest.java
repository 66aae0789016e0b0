package dev.temper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.function.UnaryOperator;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests the messages for teachers that do not fit the loss, the student or themselves. Nothing is written then. */
class TeacherRefusalsTest {

  private static final int CLASSES = 5;
  private static final HostMatrix STUDENT = HostMatrix.of(new float[2 * CLASSES], 2, CLASSES);
  private static final float[] LOGS = {-1, -2, -3, -1, -2, -3};
  private static final int[] IDS = {0, 1, 2, 4, 3, 2};

  private final LossEngine engine = LossEngine.open("reference");
  private final float[] gradient = Batch.filled(2 * CLASSES);

  @AfterEach
  void close() {
    engine.close();
  }

  @Test
  void aListHasOneTo256Slots() {
    assertRefused(() -> IdMatrix.of(new int[0], 2, 0)).hasMessageContainingAll("teacher_ids has 0 slots", "1 to 256");
    assertRefused(() -> IdMatrix.of(new int[514], 2, 257)).hasMessageContaining("teacher_ids has 257 slots");
    assertRefused(() -> IdMatrix.of(new int[5], 2, 3)).hasMessageContaining("5 values, expected 2 rows of 3");
    assertRefused(() -> Teacher.topK(ids(IDS), HostMatrix.of(new float[4], 2, 2), Tail.BUCKET))
        .hasMessageContainingAll("teacher_log_probs is [2, 2] F32", "[2, 3]");
  }

  @ParameterizedTest
  @CsvSource({"1, 5, row 0, id 5", "4, -2, row 1, id -2"})
  void idsAreClasses(int slot, int id, String row, String value) {
    int[] ids = IDS.clone();
    ids[slot] = id;
    assertNothingWritten(lists(ids, LOGS, Tail.BUCKET), "teacher_ids: " + row, "slot 1", value, "0 to 4");
  }

  @Test
  void anIdOccursOnceInARow() {
    assertNothingWritten(lists(new int[] {0, 1, 2, 4, 3, 4}, LOGS, Tail.TRUNCATE), "teacher_ids: row 1",
        "id 4 in slots 0 and 2");
  }

  @Test
  void logProbabilitiesAreNumbersWhoseMassIsAtMostOne() {
    float[] nan = LOGS.clone();
    nan[5] = Float.NaN;
    assertNothingWritten(lists(IDS, nan, Tail.RENORMALISE_BOTH), "teacher_log_probs: row 1, slot 2 has NaN");
    float[] heavy = LOGS.clone();
    heavy[1] = -0.1f;
    assertNothingWritten(lists(IDS, heavy, Tail.TRUNCATE), "row 0 has the mass 1.322", "expected at most 1");
    assertNothingWritten(lists(IDS, LOGS, Tail.BUCKET).withLogTail(RowVector.weights(-1, 0)),
        "teacher_log_probs and teacher_log_tail: row 1 has the mass 1.5");
    assertNothingWritten(lists(IDS, LOGS, Tail.BUCKET).withLogTail(RowVector.weights(Float.NaN, -1)),
        "teacher_log_tail: row 0 has NaN");
    assertRefused(() -> lists(IDS, LOGS, Tail.BUCKET).withLogTail(RowVector.weights(0)))
        .hasMessageContaining("teacher_log_tail is [1] F32");
  }

  @Test
  void rowsThatDoNotContributeAreNotChecked() {
    LossInputs inputs = LossInputs.of(STUDENT).withLabels(RowVector.labels(-100, 1))
        .withTeacher(lists(new int[] {9, 9, 9, 4, 3, 2}, LOGS, Tail.BUCKET));
    engine.forward(loss(b -> b), inputs).totals();
  }

  @Test
  void sampledWeightsAreFiniteAndNotNegative() {
    assertNothingWritten(Teacher.sampled(ids(IDS), HostMatrix.of(new float[] {1, 2, 3, 1, -1, 2}, 2, 3)),
        "teacher_sample_weights: row 1, slot 1 has -1.0", "0 or more");
  }

  @Test
  void aMixtureHasTwoToEightTeachersWithWeightsThatSumToOne() {
    assertRefused(() -> Teacher.mixture(List.of(STUDENT), 1)).hasMessageContaining("1 teachers, expected 2 to 8");
    assertRefused(() -> Teacher.mixture(List.of(STUDENT, STUDENT), 1))
        .hasMessageContaining("1 weights and 2 teachers");
    assertRefused(() -> Teacher.mixture(List.of(STUDENT, STUDENT), 1.5, -0.5))
        .hasMessageContaining("weight 0 of the mixture is 1.5");
    assertRefused(() -> Teacher.mixture(List.of(STUDENT, STUDENT), 0.5, 0.25)).hasMessageContaining("sum to 0.75");
  }

  @Test
  void aMapTakesEachColumnOnce() {
    HostMatrix wide = HostMatrix.of(new float[14], 2, 7);
    assertNothingWritten(Teacher.classMap(wide, RowVector.labels(0, 7, 1, 2, 3)), "class_map: class 1 has column 7",
        "0 to 6");
    assertNothingWritten(Teacher.classMap(wide, RowVector.labels(0, 5, -1, 2, 5)),
        "class_map: classes 1 and 4 both have column 5");
    assertNothingWritten(Teacher.classMap(wide, RowVector.labels(0, 5)), "class_map has 2 values", "5 classes");
  }

  @Test
  void anIndexNamesARowOfTheTeacher() {
    assertNothingWritten(Teacher.rowIndex(STUDENT, RowVector.labels(0, 2)),
        "teacher_row_index: row 1 has index 2", "0 to 1");
    assertNothingWritten(Teacher.rowIndex(STUDENT, RowVector.labels(-1, 0)), "teacher_row_index: row 0 has index -1",
        "ignored rows only");
    engine.forward(loss(b -> b), LossInputs.of(STUDENT).withLabels(RowVector.labels(-100, 1))
        .withTeacher(Teacher.rowIndex(STUDENT, RowVector.labels(-1, 0)))).totals();
  }

  @ParameterizedTest
  @CsvSource({"TRUNCATE, reverse-kl", "RENORMALISE_TEACHER, jsd:0.5", "RENORMALISE_BOTH, tvd", "BUCKET, mixed:0.5",
      "TRUNCATE, 'dkd:1,8'", "BUCKET, logit-mse"})
  void aListExcludesTheDivergencesThatAreNotKnownForIt(Tail tail, String divergence) {
    LossInputs inputs = LossInputs.of(STUDENT).withLabels(RowVector.labels(0, 1))
        .withTeacher(lists(IDS, LOGS, tail));
    assertRefused(() -> engine.forward(loss(b -> b.divergence(Divergence.parse(divergence))), inputs))
        .hasMessageContainingAll("divergence " + Divergence.parse(divergence).label(), tail.label(),
            "exclude each other", "because");
  }

  @Test
  void onlyLogitsAreStandardisedCappedOrTempered() {
    Teacher lists = lists(IDS, LOGS, Tail.TRUNCATE);
    assertExcluded(b -> b.standardise(true), lists, "standardise", "top-k truncate");
    assertExcluded(b -> b.teacherSoftcap(3), Teacher.probabilities(STUDENT), "teacherSoftcap 3.0", "probabilities");
    assertExcluded(b -> b.teacherTemperature(3), Teacher.logProbabilities(STUDENT), "teacherTemperature 3.0",
        "log-probabilities");
    assertExcluded(b -> b.divergence(Divergence.logitMse()), Teacher.logProbabilities(STUDENT), "logit-mse");
    assertExcluded(b -> b.divergence(Divergence.dkd(1, 8)),
        Teacher.mixture(List.of(STUDENT, STUDENT), 0.5, 0.5), "dkd:1.0,8.0", "mixture");
    LossOutputs wanted = LossOutputs.none().withTemperatureGradient();
    assertRefused(() -> engine.forward(loss(b -> b), LossInputs.of(STUDENT).withTeacher(lists), wanted))
        .hasMessageContainingAll("temperatureGradient and teacher top-k truncate exclude each other");
  }

  @Test
  void aListOfAnotherTemperatureOrClassCountIsRefused() {
    TopKTeacher lists = lists(IDS, LOGS, Tail.BUCKET);
    assertExcluded(b -> b.temperature(2), lists.atTemperature(3), "log-probabilities at temperature 3.0",
        "temperature 2.0");
    assertExcluded(b -> b.temperature(2), lists.ofClasses(7), "made from 7 classes", "has 5");
    engine.forward(loss(b -> b.temperature(2)), LossInputs.of(STUDENT).withTeacher(lists.ofClasses(5)
        .atTemperature(2))).totals();
    engine.forward(loss(b -> b.temperature(2)),
        LossInputs.of(STUDENT).withTeacher(lists.withTail(Tail.RENORMALISE_BOTH).atTemperature(3))).totals();
    assertRefused(() -> engine.forward(loss(b -> b.temperature(3)), LossInputs.of(STUDENT)
        .withTeacher(lists.atTemperature(3)).withRowTemperatures(RowVector.temperatures(1, 2))))
        .hasMessageContainingAll("temperature 3.0", "excludes row_temperatures");
  }

  @Test
  void massesNeedListsOrAMap() {
    LossOutputs mass = LossOutputs.none().withRow(RowOutput.TEACHER_MASS, RowVector.losses(new float[2]));
    LossInputs inputs = LossInputs.of(STUDENT).withTeacher(Teacher.logits(STUDENT));
    assertRefused(() -> engine.forward(loss(b -> b), inputs, mass))
        .hasMessageContainingAll("row_teacher_mass needs a teacher with lists of classes", "found logits");
    LossOutputs unmapped = LossOutputs.none().withRow(RowOutput.UNMAPPED_MASS, RowVector.losses(new float[2]));
    assertRefused(() -> engine.forward(loss(b -> b), inputs, unmapped)).hasMessageContaining("a class map");
  }

  private void assertExcluded(UnaryOperator<DistillationLoss.Builder> options, Teacher teacher, String... words) {
    LossInputs inputs = LossInputs.of(STUDENT).withTeacher(teacher).withLabels(RowVector.labels(0, 1));
    assertRefused(() -> engine.forward(loss(options), inputs)).hasMessageContainingAll(words);
  }

  private void assertNothingWritten(Teacher teacher, String... words) {
    float[] before = gradient.clone();
    LossInputs inputs = LossInputs.of(STUDENT).withTeacher(teacher);
    assertRefused(() -> engine.forwardBackward(loss(b -> b), inputs,
        LossOutputs.gradient(HostMatrix.of(gradient, 2, CLASSES)))).hasMessageContainingAll(words);
    assertThat(gradient).isEqualTo(before);
  }

  private static TopKTeacher lists(int[] ids, float[] logs, Tail tail) {
    return Teacher.topK(ids(ids), HostMatrix.of(logs, 2, 3), tail);
  }

  private static IdMatrix ids(int[] ids) {
    return IdMatrix.of(ids, 2, 3);
  }

  private static DistillationLoss loss(UnaryOperator<DistillationLoss.Builder> options) {
    return options.apply(DistillationLoss.builder()).build();
  }

  private static AbstractThrowableAssert<?, ?> assertRefused(ThrowingCallable call) {
    return assertThatThrownBy(call).isExactlyInstanceOf(LossArgumentException.class);
  }
}

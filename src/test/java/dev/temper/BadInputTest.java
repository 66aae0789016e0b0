package dev.temper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Tests tensors that do not fit the loss or each other. Each message names tensor, value, expectation and remedy. */
class BadInputTest extends EachDevice {

  private static final DistillationLoss BOTH = DistillationLoss.hinton(2, 0.5);
  private static final LossInputs GOOD =
      LossInputs.of(matrix(2, 3)).withTeacher(Teacher.logits(matrix(2, 3))).withLabels(RowVector.labels(0, 1));

  @Test
  void missingTeacherOrLabels() {
    assertOptionRefused(BOTH, GOOD.withTeacher(null), "teacher is missing", "softWeight is 0.5", "set softWeight to 0");
    assertOptionRefused(BOTH, GOOD.withLabels(null), "labels are missing", "hardWeight is 0.5", "set hardWeight to 0");
  }

  @Test
  void rowCountsThatDiffer() {
    assertRefused(BOTH, GOOD.withTeacher(Teacher.logits(matrix(3, 3))), "teacher has 3 rows", "student's 2");
    assertRefused(BOTH, GOOD.withLabels(RowVector.labels(0, 1, 2)), "labels has 3 values", "one per row: 2",
        "give exactly");
    assertRefused(BOTH, GOOD.withRowWeights(RowVector.weights(1f)), "row_weights has 1 values", "one per row: 2");
    assertRefused(BOTH, GOOD.withRowTemperatures(RowVector.temperatures(1f)), "row_temperatures has 1 values",
        "one per row: 2");
  }

  @Test
  void classesThatDifferWithoutNumClasses() {
    assertOptionRefused(BOTH, GOOD.withTeacher(Teacher.logits(matrix(2, 4))), "student has 3 classes and teacher 4",
        "set numClasses", "at most 3");
    DistillationLoss wide = BOTH.toBuilder().numClasses(4).build();
    assertOptionRefused(wide, GOOD.withTeacher(Teacher.logits(matrix(2, 4))), "numClasses is 4",
        "student has only 3 columns", "at most that");
    assertOptionRefused(BOTH.toBuilder().numClasses(3).build(), GOOD.withTeacher(Teacher.logits(matrix(2, 2))),
        "numClasses is 3", "teacher has only 2");
  }

  @Test
  void dtypesThatDoNotFit() {
    assertRefused(BOTH, GOOD.withLabels(RowVector.weights(0f, 1f)), "labels has dtype F32", "I32 or I64", "convert");
    assertRefused(BOTH, GOOD.withRowWeights(RowVector.labels(1, 1)), "row_weights has dtype I32", "expected F32",
        "convert");
    MemorySegment bytes = MemorySegment.ofArray(new byte[12]);
    HostMatrix bf16 = HostMatrix.of(bytes, 2, 3, DType.BF16);
    assertRefusedWith(LossOutputs.gradient(bf16), "gradient has dtype BF16", "student's F32", "or F32");
    assertRefusedWith(LossOutputs.gradient(matrix(2, 4)), "gradient is [2, 4] F32", "shape of student: [2, 3]");
    assertRefusedWith(LossOutputs.gradient(matrix(2, 3)).withRowSoft(RowVector.losses(new float[1])),
        "row_soft has 1 values", "one per row: 2");
    assertRefusedWith(LossOutputs.gradient(matrix(2, 3)).withRowHard(RowVector.labels(1, 2)), "row_hard has dtype I32",
        "F32");
  }

  @Test
  void optionsThatExcludeEachOther() {
    DistillationLoss teacher = BOTH.toBuilder().teacherTemperature(3).build();
    LossInputs rows = GOOD.withRowTemperatures(RowVector.temperatures(1f, 1f));
    assertOptionRefused(teacher, rows, "row_temperatures", "teacherTemperature of 3.0", "leave one");
    DistillationLoss sum = BOTH.toBuilder().reduction(Reduction.SUM).build();
    assertOptionRefused(sum, GOOD.withDenominator(5), "denominator is 5.0", "reduction sum divides by nothing",
        "mean or batch-mean");
    DistillationLoss none = BOTH.toBuilder().reduction(Reduction.NONE).build();
    assertOptionRefused(none, GOOD.withDenominator(5), "denominator is 5.0", "reduction none divides by nothing");
  }

  @Test
  void memoryThatIsShared() {
    HostMatrix student = (HostMatrix) GOOD.student();
    assertRefusedWith(LossOutputs.gradient(student), "gradient overlaps student", "expected them apart",
        "gradientInPlace");
    LossOutputs inPlace = LossOutputs.gradientInPlace(student);
    assertRefused(BOTH, GOOD.withTeacher(Teacher.logits(student)), inPlace, "gradient overlaps teacher",
        "memory of its own");
    float[] rows = new float[2];
    LossOutputs twice = LossOutputs.gradient(matrix(2, 3)).withRowSoft(RowVector.losses(rows))
        .withRowHard(RowVector.losses(rows));
    assertRefusedWith(twice, "row_hard overlaps row_soft", "memory of its own");
    float[] weights = {1, 1};
    LossOutputs overWeights = LossOutputs.gradient(matrix(2, 3)).withRowSoft(RowVector.losses(weights));
    assertRefused(BOTH, GOOD.withRowWeights(RowVector.weights(weights)), overWeights, "row_soft overlaps row_weights");
    RowVector inStudent = RowVector.losses(student.segment().asSlice(4, 8), 2, DType.F32);
    LossOutputs overStudent = LossOutputs.gradientInPlace(student).withRowSoft(inStudent);
    assertRefusedWith(overStudent, "row_soft overlaps student");
    assertRefusedWith(LossOutputs.gradientInPlace(matrix(2, 3)), "in place", "not the student's own view");
  }

  @Test
  void memoryThatCannotBeUsed() throws InterruptedException {
    Arena closed = Arena.ofConfined();
    HostMatrix gone = HostMatrix.of(closed.allocate(24, 4), 2, 3, DType.F32);
    closed.close();
    assertRefused(BOTH, GOOD.withTeacher(Teacher.logits(gone)), "teacher lies in memory whose arena is closed",
        "keep the arena open");
    assertRefusedWith(LossOutputs.gradient(gone), "gradient lies in memory whose arena is closed",
        "keep the arena open");
    HostMatrix readOnly = HostMatrix.of(MemorySegment.ofArray(new float[6]).asReadOnly(), 2, 3, DType.F32);
    assertRefusedWith(LossOutputs.gradient(readOnly), "gradient lies in read-only memory", "memory of its own");
    LossInputs mapped = GOOD.withStudent(readOnly);
    assertRefused(BOTH, mapped, LossOutputs.gradientInPlace(readOnly), "gradient lies in read-only memory");
    assertIllegal(() -> engine().softmax(gone, matrix(2, 3)))
        .hasMessageContaining("logits lies in memory whose arena is closed");
    assertIllegal(() -> engine().softmax(matrix(2, 3), readOnly))
        .hasMessageContaining("output lies in read-only memory");
    try (Arena mine = Arena.ofConfined()) {
      HostMatrix confined = HostMatrix.of(mine.allocate(24, 4), 2, 3, DType.F32);
      AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
      Thread other = Thread.ofPlatform().uncaughtExceptionHandler((thread, error) -> failure.set(error)).start(
          () -> assertRefused(BOTH, GOOD.withTeacher(Teacher.logits(confined)),
          "teacher lies in memory of another thread's", "Arena.ofShared"));
      other.join();
      assertThat(failure.get()).isNull();
    }
  }

  @Test
  void outputsThatAMethodDoesNotWriteOrLacks() {
    HostMatrix gradient = matrix(2, 3);
    RowStatistics statistics = engine().allocateStatistics(2);
    assertIllegal(() -> engine().forward(BOTH, GOOD, LossOutputs.gradient(gradient)))
        .hasMessageContainingAll("forward writes no gradient", "call forwardBackward");
    assertRefusedWith(LossOutputs.none(), "gradient is missing", "forwardBackward writes it");
    assertIllegal(() -> engine().backward(BOTH, GOOD, statistics, LossOutputs.none()))
        .hasMessageContainingAll("gradient is missing", "backward writes it");
    LossOutputs more = LossOutputs.gradient(gradient).withRowSoft(RowVector.losses(new float[2]));
    assertIllegal(() -> engine().backward(BOTH, GOOD, statistics, more))
        .hasMessageContaining("backward writes only the gradient");
  }

  @Test
  void primitives() {
    HostMatrix logits = matrix(2, 3);
    assertIllegalOption(() -> engine().logSoftmax(logits, 0, matrix(2, 3)))
        .hasMessageContainingAll("temperature is 0.0", "from 1e-6 to 1e6");
    assertIllegalOption(() -> engine().logSoftmaxBackward(logits, 1e7, matrix(2, 3), matrix(2, 3)))
        .hasMessageContainingAll("temperature is 1.0E7", "from 1e-6 to 1e6");
    assertIllegal(() -> engine().softmax(logits, matrix(2, 4))).hasMessageContainingAll("output is [2, 4] F32",
        "logits: [2, 3]");
    HostMatrix shifted = HostMatrix.of(logits.segment().asSlice(4, 12), 1, 3, DType.F32);
    assertIllegal(() -> engine().softmax(logits.rows(0, 1), shifted))
        .hasMessageContaining("output overlaps logits");
    assertIllegal(() -> engine().argmax(logits, RowVector.weights(0f, 0f)))
        .hasMessageContainingAll("output has dtype F32", "I32 or I64");
    assertIllegal(() -> engine().argmax(logits, RowVector.labels(0)))
        .hasMessageContainingAll("output has 1 values", "per row: 2");
  }

  private void assertRefused(DistillationLoss loss, LossInputs inputs, String... words) {
    assertRefused(loss, inputs, LossOutputs.gradient(matrix(2, 3)), words);
  }

  private void assertRefusedWith(LossOutputs outputs, String... words) {
    assertRefused(BOTH, GOOD, outputs, words);
  }

  private void assertRefused(DistillationLoss loss, LossInputs inputs, LossOutputs outputs, String... words) {
    assertIllegal(() -> engine().forwardBackward(loss, inputs, outputs)).hasMessageContainingAll(words);
  }

  private void assertOptionRefused(DistillationLoss loss, LossInputs inputs, String... words) {
    LossOutputs outputs = LossOutputs.gradient(matrix(2, 3));
    assertIllegalOption(() -> engine().forwardBackward(loss, inputs, outputs)).hasMessageContainingAll(words);
  }

  private static AbstractThrowableAssert<?, ?> assertIllegal(ThrowingCallable call) {
    return assertThatThrownBy(call).isExactlyInstanceOf(IllegalArgumentException.class);
  }

  /** Requires the exception that carries the names of options. */
  private static AbstractThrowableAssert<?, ?> assertIllegalOption(ThrowingCallable call) {
    return assertThatThrownBy(call).isExactlyInstanceOf(LossArgumentException.class);
  }

  private static HostMatrix matrix(int rows, int classes) {
    return HostMatrix.of(new float[rows * classes], rows, classes);
  }
}

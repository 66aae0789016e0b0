package dev.temper.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DistillationLoss;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossTotals;
import dev.temper.Reduction;
import dev.temper.Teacher;
import dev.temper.benchmarks.torch.SharedMemory;
import org.bytedeco.pytorch.CrossEntropyLossOptions;
import org.bytedeco.pytorch.KLDivLossOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.bytedeco.pytorch.kBatchMean;
import org.bytedeco.pytorch.kSum;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What Temper's reductions are called in PyTorch, checked against PyTorch in f64, with ignored rows among the labels.
 */
final class ReductionTest {

  private static final int BATCH = 4;
  private static final int SEQUENCE = 6;
  private static final int ROWS = BATCH * SEQUENCE;
  private static final int CLASSES = 50;
  private static final int IGNORED = 5;
  /**
   * Sums of a few dozen losses of order 1 in f32 or better, each with the error of a softmax over a range of about 20.
   */
  private static final double RELATIVE = 0x1p-24 * (4 * 20 + 16);

  private LossEngine engine;
  private Tensor student;
  private Tensor teacher;
  private Tensor labels;

  @BeforeEach
  void draw() {
    torch.set_num_threads(1);
    torch.manual_seed(5);
    student = torch.randn(ROWS, CLASSES);
    teacher = torch.randn(ROWS, CLASSES);
    labels = torch.randint(CLASSES, new long[] {ROWS});
    for (int row = 0; row < IGNORED; row++) {
      labels.data_ptr_long().put(row, DistillationLoss.DEFAULT_IGNORE_INDEX);
    }
    engine = LossEngine.open("auto");
  }

  @AfterEach
  void close() {
    engine.close();
  }

  @Test
  void meanOfTheHardPartIsThatOfCrossEntropy() {
    double mean = torch.cross_entropy(exact(student), labels, new CrossEntropyLossOptions()).item_double();
    assertClose(temper(hard(Reduction.MEAN), true).hard(), mean);
    assertThat(temper(hard(Reduction.MEAN), true).countedRows()).isEqualTo(ROWS - IGNORED);
    CrossEntropyLossOptions sum = new CrossEntropyLossOptions();
    sum.reduction().put(new kSum());
    assertClose(temper(hard(Reduction.SUM), true).hard(),
        torch.cross_entropy(exact(student), labels, sum).item_double());
  }

  @Test
  void batchMeanOfAFlatKlIsTorchsBatchMean() {
    assertClose(temper(soft(Reduction.BATCH_MEAN), false).soft(), klDiv(batchMean(), ROWS, CLASSES));
  }

  @Test
  void batchMeanOfASequenceDividesByTheBatchAlone() {
    double ofSequences = klDiv(batchMean(), BATCH, SEQUENCE, CLASSES);
    assertClose(temper(soft(Reduction.BATCH_MEAN), false).soft() * SEQUENCE, ofSequences);
    LossInputs inputs = LossInputs.of(SharedMemory.matrix(student))
        .withTeacher(Teacher.logits(SharedMemory.matrix(teacher)));
    assertClose(engine.forward(soft(Reduction.BATCH_MEAN), inputs.withDenominator(BATCH)).soft(), ofSequences);
  }

  @Test
  void torchsMeanOfAKlDividesByTheClassesToo() {
    assertClose(temper(soft(Reduction.MEAN), false).soft() / CLASSES, klDiv(new KLDivLossOptions(), ROWS, CLASSES));
  }

  private LossTotals temper(DistillationLoss loss, boolean labelled) {
    LossInputs inputs = LossInputs.of(SharedMemory.matrix(student))
        .withTeacher(Teacher.logits(SharedMemory.matrix(teacher)));
    return engine.forward(loss, labelled ? inputs.withLabels(SharedMemory.labels(labels)) : inputs).totals();
  }

  private static DistillationLoss hard(Reduction reduction) {
    return DistillationLoss.builder().softWeight(0).hardWeight(1).reduction(reduction).build();
  }

  private static DistillationLoss soft(Reduction reduction) {
    return DistillationLoss.builder().reduction(reduction).build();
  }

  private double klDiv(KLDivLossOptions options, long... shape) {
    int classes = shape.length - 1;
    Tensor z = torch.log_softmax(exact(student).reshape(shape), classes);
    return torch.kl_div(z, torch.softmax(exact(teacher).reshape(shape), classes), options).item_double();
  }

  private static KLDivLossOptions batchMean() {
    return new KLDivLossOptions(new kBatchMean());
  }

  private static Tensor exact(Tensor tensor) {
    return tensor.to(ScalarType.Double);
  }

  private static void assertClose(double found, double expected) {
    assertThat(found).isCloseTo(expected, within(RELATIVE * Math.abs(expected)));
  }
}

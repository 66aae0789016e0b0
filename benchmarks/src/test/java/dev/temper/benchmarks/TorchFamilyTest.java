package dev.temper.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.HostMatrix;
import dev.temper.LossArgumentException;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.RowVector;
import dev.temper.SoftValue;
import dev.temper.Teacher;
import dev.temper.UnsupportedLossException;
import dev.temper.benchmarks.torch.SharedMemory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Value and gradient of every divergence with every option agree with PyTorch's autograd in f64, within
 * {@link FamilyBounds}.
 */
final class TorchFamilyTest {

  private static final int ROWS = 6;
  private static final float[] WEIGHTS = {1, -0.5f, 2, 0.25f, -3, 1.5f};
  private static final float[] TEMPERATURES = {1, 2, 0.5f, 4, 10, 3};

  private static final Map<String, UnaryOperator<DistillationLoss.Builder>> OPTIONS = options();

  private static Map<String, UnaryOperator<DistillationLoss.Builder>> options() {
    Map<String, UnaryOperator<DistillationLoss.Builder>> options = new LinkedHashMap<>();
    options.put("T = 1", b -> b);
    options.put("T = 4 and labels", b -> b.temperature(4).softWeight(0.7).hardWeight(0.3));
    options.put("without T^2", b -> b.temperature(3).temperatureScaling(false));
    options.put("teacher temperature", b -> b.temperature(2).teacherTemperature(1.5));
    options.put("softcap", b -> b.temperature(2).softcap(5).hardWeight(0.5));
    options.put("both softcaps", b -> b.softcap(30).teacherSoftcap(5));
    options.put("standardised", b -> b.temperature(2).standardise(true).hardWeight(0.5));
    options.put("standardised and capped", b -> b.standardise(true).softcap(10));
    options.put("label smoothing", b -> b.hardWeight(1).labelSmoothing(0.1));
    options.put("z-loss", b -> b.hardWeight(1).zLoss(0.01));
    options.put("hard options", b -> b.hardWeight(0.5).labelSmoothing(0.2).zLoss(0.1).softcap(8));
    options.put("soft cross-entropy", b -> b.temperature(2).softValue(SoftValue.CROSS_ENTROPY));
    return options;
  }

  @BeforeAll
  static void oneThread() {
    torch.set_num_threads(1); // a second one waits by spinning
  }

  /** The reference computes everything; what another engine refuses by name is left out. */
  @ParameterizedTest
  @CsvSource(delimiter = ' ', textBlock = """
      cpu forward-kl
      cpu reverse-kl
      cpu mixed:0.3
      cpu jsd:0.5
      cpu jsd:0.1
      cpu jsd:1e-6
      cpu skew-forward-kl:0.1
      cpu skew-forward-kl:0.9
      cpu skew-reverse-kl:0.1
      cpu skew-reverse-kl:0.9
      cpu tvd
      cpu nla
      cpu dkd:1,8
      cpu dkd:0,1
      cpu logit-mse
      reference forward-kl
      reference reverse-kl
      reference mixed:0.3
      reference jsd:0.5
      reference jsd:1e-6
      reference skew-forward-kl:0.9
      reference skew-reverse-kl:0.9
      reference tvd
      reference nla
      reference dkd:1,8
      reference logit-mse
      """)
  void agreesWithAutograd(String device, String divergence) {
    List<String> refused = new ArrayList<>();
    Worst worst = new Worst("nothing", 0);
    int compared = 0;
    try (LossEngine engine = LossEngine.open(device)) {
      for (Map.Entry<String, UnaryOperator<DistillationLoss.Builder>> option : OPTIONS.entrySet()) {
        for (boolean rowTemperatures : new boolean[] {false, true}) {
          for (int classes : new int[] {3, 100, 1000}) {
            String name = option.getKey() + (rowTemperatures ? " with row temperatures, " : ", ") + classes;
            try (var _ = new PointerScope()) {
              DistillationLoss loss = option.getValue().apply(builder(divergence)).build();
              worst = compare(engine, loss, loss, new Batch(classes, rowTemperatures)).or(worst, name);
              compared++;
            } catch (UnsupportedLossException e) {
              refused.add(e.getMessage());
            } catch (LossArgumentException e) {
              assertThat(e).as(name).hasMessageMatching("(?s).*(teacherTemperature|softValue|standardise).*");
            }
          }
        }
      }
    }
    assumeTrue(refused.isEmpty() || device.equals("reference"), () -> "DID NOT RUN: " + refused.getFirst());
    assertThat(refused).isEmpty();
    assertThat(compared).isGreaterThan(45);
    assertThat(worst.share).as(worst.what).isBetween(0.01, 1.0);
  }

  /** A bound that is too wide would hold for another loss too. */
  @ParameterizedTest
  @ValueSource(strings = {"forward-kl", "reverse-kl", "mixed:0.3", "jsd:0.5", "skew-forward-kl:0.1",
      "skew-reverse-kl:0.1", "tvd", "nla", "dkd:1,8"})
  void theBoundsNoticeAnotherTemperature(String divergence) {
    try (LossEngine engine = LossEngine.open("reference"); var _ = new PointerScope()) {
      DistillationLoss loss = builder(divergence).temperature(2).build();
      DistillationLoss other = builder(divergence).temperature(2 + 1e-3).build();
      assertThat(compare(engine, loss, other, new Batch(100, false)).share).isGreaterThan(1);
    }
  }

  private static DistillationLoss.Builder builder(String divergence) {
    return DistillationLoss.builder().divergence(Divergence.parse(divergence));
  }

  /** The largest error over its bound, and the quantity that has it. */
  private record Worst(String what, double share) {
    Worst or(Worst other, String name) {
      return share > other.share ? new Worst(name + ": " + what, share) : other;
    }

    /** Adds a comparison; the result is rounded three times more. */
    Worst with(String quantity, double found, double exact, double bound) {
      double error = Math.abs(found - exact) / (bound + 3 * RoundingBounds.U * Math.abs(exact) + Float.MIN_VALUE);
      return error <= share ? this
          : new Worst(quantity + ": found " + found + ", exact " + exact + ", bound " + bound, error);
    }
  }

  /** Logits, labels and temperatures. */
  private static final class Batch {
    final Tensor student;
    final Tensor teacher;
    final Tensor labels;
    final boolean rowTemperatures;

    Batch(int classes, boolean rowTemperatures) {
      torch.manual_seed(classes);
      student = torch.randn(ROWS, classes).mul(new Scalar(3.0));
      teacher = torch.randn(ROWS, classes).mul(new Scalar(3.0));
      labels = torch.randint(classes, new long[] {ROWS});
      this.rowTemperatures = rowTemperatures;
    }

    double[] temperatures(DistillationLoss loss) {
      double[] temperatures = new double[ROWS];
      for (int row = 0; row < ROWS; row++) {
        temperatures[row] = rowTemperatures ? TEMPERATURES[row] : loss.temperature();
      }
      return temperatures;
    }

    LossInputs inputs() {
      LossInputs inputs = LossInputs.of(SharedMemory.matrix(student))
          .withTeacher(Teacher.logits(SharedMemory.matrix(teacher)))
          .withLabels(SharedMemory.labels(labels))
          .withRowWeights(RowVector.weights(WEIGHTS));
      return rowTemperatures ? inputs.withRowTemperatures(RowVector.temperatures(TEMPERATURES)) : inputs;
    }
  }

  /** Compares an engine's {@code found} loss with PyTorch's {@code expected} one. */
  private static Worst compare(LossEngine engine, DistillationLoss found, DistillationLoss expected, Batch batch) {
    int classes = Math.toIntExact(batch.student.size(1));
    float[] gradient = new float[ROWS * classes];
    float[] soft = new float[ROWS];
    float[] hard = new float[ROWS];
    engine.forwardBackward(found, batch.inputs(), LossOutputs.gradient(HostMatrix.of(gradient, ROWS, classes))
        .withRowSoft(RowVector.losses(soft)).withRowHard(RowVector.losses(hard))).totals();

    Tensor leaf = batch.student.detach().to(ScalarType.Double);
    leaf.set_requires_grad(true);
    Tensor teacher = batch.teacher.to(ScalarType.Double);
    double[] temperatures = batch.temperatures(expected);
    TorchFamily family = new TorchFamily(expected, Tensor.create(temperatures).unsqueeze(1));
    Tensor exactSoft = family.soft(leaf, teacher, batch.labels);
    Tensor exactHard = family.hard(leaf, batch.labels);
    exactSoft.mul(new Scalar(expected.softWeight())).add(exactHard.mul(new Scalar(expected.hardWeight())))
        .mul(Tensor.create(WEIGHTS).to(ScalarType.Double)).sum().div(new Scalar((double) ROWS)).backward();

    double[] z = values(leaf.detach());
    double[] u = values(teacher);
    double[] softValues = values(exactSoft.detach());
    double[] hardValues = values(exactHard.detach());
    double[] gradients = values(leaf.grad());
    Worst worst = new Worst("nothing", 0);
    for (int row = 0; row < ROWS; row++) {
      int from = row * classes;
      FamilyBounds bounds = new FamilyBounds(expected, temperatures[row], Arrays.copyOfRange(z, from, from + classes),
          Arrays.copyOfRange(u, from, from + classes), (int) batch.labels.data_ptr_long().get(row));
      worst = worst.with("soft loss of row " + row, soft[row], softValues[row], bounds.soft());
      if (expected.hardWeight() > 0) {
        worst = worst.with("hard loss of row " + row, hard[row], hardValues[row], bounds.hard());
      }
      for (int i = 0; i < classes; i++) {
        worst = worst.with("gradient [" + row + ", " + i + "]", gradient[from + i], gradients[from + i],
            Math.abs(WEIGHTS[row]) / ROWS * bounds.gradient(i));
      }
    }
    return worst;
  }

  private static double[] values(Tensor tensor) {
    double[] values = new double[Math.toIntExact(tensor.numel())];
    tensor.contiguous().data_ptr_double().get(values);
    return values;
  }
}

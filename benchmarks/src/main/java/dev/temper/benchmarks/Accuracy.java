package dev.temper.benchmarks;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.benchmarks.torch.SharedMemory;
import dev.temper.benchmarks.torch.TorchFormula;
import dev.temper.benchmarks.torch.TorchGradient;
import dev.temper.tools.bench.BatchMemory;
import dev.temper.tools.bench.BatchRing;
import dev.temper.tools.bench.BatchShape;
import dev.temper.tools.bench.LogitBatch;
import dev.temper.tools.bench.Measurement;
import dev.temper.tools.bench.Quantiles;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * The errors of the timed gradients against f64: Temper's and PyTorch's of the same batch. A library that computes
 * something else is not comparable, however fast.
 */
final class Accuracy {

  /** Prefix of a measurement's name; the name of the library follows. */
  static final String ERROR = "GradientError.";

  static final String TEMPER = "Temper";
  static final String USUAL = "TorchUsual";
  static final String LOG_TARGET = "TorchLogTarget";

  private static final double TEMPERATURE = 2;
  /** Limits of rounding errors. Operator by operator in bf16, PyTorch's error is a few hundredths. */
  private static final double F32_LIMIT = 1e-3;
  private static final double BF16_LIMIT = 0.1;

  private Accuracy() {}

  /**
   * A measurement for each shape, dtype and library: the quantiles over the rows.
   *
   * @throws IllegalStateException if a library computes something else
   */
  static List<Measurement> entries(List<String> shapes) {
    List<Measurement> entries = new ArrayList<>();
    for (String shape : shapes) {
      for (DType dtype : List.of(DType.F32, DType.BF16)) {
        try (Arena arena = Arena.ofShared(); var _ = new PointerScope()) {
          add(entries, shape, dtype, BatchRing.warm(BatchMemory.of(arena), BatchShape.parse(shape), dtype).next());
        }
      }
    }
    return entries;
  }

  private static void add(List<Measurement> entries, String shape, DType dtype, LogitBatch batch) {
    TorchGradient torch = new TorchGradient(batch, TEMPERATURE);
    Tensor exact = torch.exact();
    try (LossEngine engine = LossEngine.open("cpu")) {
      engine.forwardBackward(DistillationLoss.hinton(TEMPERATURE, 0.5), batch.inputs(), batch.outputs()).totals();
    }
    entries.add(entry(TEMPER, shape, dtype, SharedMemory.tensor((HostMatrix) batch.gradient()), exact));
    entries.add(entry(USUAL, shape, dtype, torch.by(TorchFormula.USUAL), exact));
    entries.add(entry(LOG_TARGET, shape, dtype, torch.by(TorchFormula.LOG_TARGET), exact));
  }

  private static Measurement entry(String who, String shape, DType dtype, Tensor gradient, Tensor exact) {
    Quantiles errors = Quantiles.of(TorchGradient.errors(gradient, exact));
    double limit = dtype == DType.F32 ? F32_LIMIT : BF16_LIMIT;
    if (!(errors.median() < limit)) {
      throw new IllegalStateException(who + " of " + shape + " " + dtype + " is " + errors.median()
          + " away from the gradient in f64, expected less than " + limit + ": it computes something else");
    }
    return new Measurement(ERROR + who, Map.of("shape", shape, "dtype", dtype.name()), "relative", errors, Map.of());
  }
}

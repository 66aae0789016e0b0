package dev.temper.tools.verify;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.MatrixView;
import dev.temper.Reduction;
import dev.temper.RowVector;
import dev.temper.spi.HostRows;
import dev.temper.spi.LossCall;
import dev.temper.spi.RowChecks;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/** An engine with one planted bug; other calls are delegated. */
final class BrokenBackend extends DelegatingBackend {

  private final PlantedBug bug;
  private int runs;

  BrokenBackend(String device, PlantedBug bug) {
    super(device);
    this.bug = bug;
  }

  @Override
  public LossResult compute(LossCall call) {
    runs++;
    return switch (bug) {
      case GRADIENT_WITHOUT_SQUARE -> withoutSquare(call);
      case LABEL_OFF_BY_ONE -> delegate.compute(shiftedLabels(call));
      case MEAN_BY_ALL_ROWS -> delegate.compute(byAllRows(call));
      case EXPONENTIAL_10_ULP, LAST_CLASS_MISSED, NAN_SWALLOWED, GAP_WRITTEN, SUBNORMALS_FLUSHED,
          LAST_BIT_WANDERS, ZEROS_WRITTEN, INPUT_COPIED, ROWS_SHIFTED, GRADIENT_UNWRITTEN -> spoiled(call);
    };
  }

  private LossResult withoutSquare(LossCall call) {
    LossOutputs all = call.outputs();
    if (all.gradient() == null) {
      return delegate.compute(call);
    }
    LossOutputs rows = LossOutputs.none().withRowSoft(all.rowSoft()).withRowHard(all.rowHard());
    LossTotals totals = delegate.compute(with(call, call.loss(), call.inputs(), rows)).totals();
    DistillationLoss unscaled = call.loss().toBuilder().temperatureScaling(false).build();
    LossOutputs gradient = all.inPlace() ? LossOutputs.gradientInPlace(all.gradient())
        : LossOutputs.gradient(all.gradient());
    delegate.compute(with(call, unscaled, call.inputs(), gradient)).totals();
    return () -> totals;
  }

  private static LossCall shiftedLabels(LossCall call) {
    if (!(call.inputs().labels() instanceof RowVector.Host labels)) {
      return call;
    }
    RowChecks.check(call);
    MemorySegment shifted = Arena.ofAuto().allocate(Math.max(1, labels.length()) * Long.BYTES);
    for (long row = 0; row < labels.length(); row++) {
      long label = HostRows.label(labels, row);
      long next = label == call.loss().ignoreIndex() ? label : (label + 1) % call.classes();
      shifted.setAtIndex(ValueLayout.JAVA_LONG, row, next == call.loss().ignoreIndex() ? label : next);
    }
    return with(call, call.loss(), call.inputs().withLabels(RowVector.labels(shifted, labels.length(), DType.I64)),
        call.outputs());
  }

  private static LossCall byAllRows(LossCall call) {
    boolean mean = call.loss().reduction() == Reduction.MEAN;
    DistillationLoss loss = mean ? call.loss().toBuilder().reduction(Reduction.BATCH_MEAN).build() : call.loss();
    return with(call, loss, call.inputs(), call.outputs());
  }

  /** Bugs that change the outputs of the correct engine. */
  private LossResult spoiled(LossCall call) {
    HostMatrix gradient = (HostMatrix) call.outputs().gradient();
    double[][] student = Spoiling.rows((HostMatrix) call.inputs().student());
    double[][] before = gradient == null ? new double[0][] : Spoiling.rows(gradient);
    LossTotals totals = delegate.compute(call).totals();
    if (gradient != null) {
      Spoiling.spoil(bug, call, gradient, student, before, runs);
    }
    if (bug == PlantedBug.NAN_SWALLOWED) {
      LossTotals swallowed = LossTotals.of(zero(totals.total()), zero(totals.soft()), zero(totals.hard()),
          totals.rows(), totals.countedRows(), 0);
      return () -> swallowed;
    }
    return () -> totals;
  }

  private static double zero(double value) {
    return Double.isNaN(value) ? 0 : value;
  }

  private static LossCall with(LossCall call, DistillationLoss loss, LossInputs inputs, LossOutputs outputs) {
    @Nullable MatrixView saved = outputs.gradient() == null ? null : call.savedStatistics();
    MatrixView statistics = outputs.statistics() == null ? null : call.statistics();
    return new LossCall(loss, inputs, outputs, call.classes(), statistics, saved);
  }

  @Override
  public String describe() {
    return "broken: " + bug;
  }
}

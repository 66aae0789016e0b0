package dev.temper.kernel.run;

import dev.temper.Denominator;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.RowOutput;
import dev.temper.RowVector;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.KernelLaunch;
import dev.temper.kernel.device.ResultSlot;
import dev.temper.kernel.spec.BatchKernel;
import dev.temper.spi.Divisors;
import dev.temper.spi.HostRows;
import dev.temper.spi.LossCall;
import dev.temper.spi.RowChecks;
import dev.temper.spi.layout.BatchReport;
import dev.temper.spi.layout.BatchStatus;
import dev.temper.spi.layout.LossParameters;
import dev.temper.spi.layout.LossParameters.Field;
import dev.temper.spi.layout.ReportReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The check, the factors and the totals of a batch whose row losses are launched in chunks, with the labels, weights
 * and row outputs of all rows. The stream lock is held during all calls but {@link #loadKernels} and {@link #chunk}.
 */
final class BatchLaunch implements AutoCloseable {

  /** Floats of {@code temper::HeadFactors}. */
  private static final long FACTORS = 5;

  private final LossCall call;
  private final KernelDevice device;
  private final Workspace workspace;
  private final LossPlacement placement;
  private final PlacedTensors tensors;
  private final LossReadout readout;
  private final LaunchSequence check;
  private final LaunchSequence totals;
  private final Map<RowOutput, RowVector> rowOutputs = new EnumMap<>(RowOutput.class);
  private @Nullable KernelLaunch factors;

  /**
   * Makes a batch ready.
   *
   * @param batch the whole call, of which the gradients are not used
   * @param workspace memory that no other launch uses between the check and the totals
   * @param report where the totals are written
   */
  BatchLaunch(LossCall batch, Workspace workspace, ResultSlot report) {
    this.workspace = workspace;
    device = workspace.device();
    call = withoutGradient(batch);
    placement = new LossPlacement(call, null, null, workspace, report, Arena.ofAuto());
    tensors = placement.tensors();
    readout = placement.readout();
    check = new LaunchSequence(device, workspace.status(), report);
    totals = new LaunchSequence(device, workspace.status(), report);
    for (RowOutput output : RowOutput.values()) {
      placeRows(output);
    }
    if (rows() > 0) {
      prepare();
    }
  }

  /** Compiles and loads the kernels of a batch. The caller does not hold the stream lock. */
  static void loadKernels(KernelDevice device, LossCall batch) {
    if (batch.inputs().student().rows() > 0) {
      device.load(BatchKernel.CHECK);
      device.load(BatchKernel.FACTORS);
      device.load(BatchKernel.TOTALS);
    }
  }

  private static LossCall withoutGradient(LossCall batch) {
    LossOutputs outputs = LossOutputs.none();
    for (RowOutput output : RowOutput.values()) {
      outputs = outputs.withRow(output, batch.outputs().row(output));
    }
    return new LossCall(batch.loss(), batch.inputs(),
        batch.outputs().temperatureGradient() ? outputs.withTemperatureGradient() : outputs, batch.classes(), null,
        null);
  }

  private void placeRows(RowOutput output) {
    RowVector given = call.outputs().row(output);
    long address = placement.address(output);
    if (address != 0) {
      rowOutputs.put(output, given != null && !tensors.isCopied(address) ? given : RowVector.lossesAt(address, rows()));
    }
  }

  private void prepare() {
    LossSteps steps = new LossSteps(device, tensors.hostMemory());
    placement.clearing().ifPresent(check::add);
    if (readout.isChecked()) {
      check.add(steps.check(placement.parameters(), rows()));
    }
    new LossParameters(placement.parameters()).set(Field.HEAD_FACTORS, factorsAddress());
    factors = steps.factors(placement.parameters(), rows());
    totals.add(steps.totals(placement.parameters(), rows(), true));
  }

  private long factorsAddress() {
    return workspace.bytes("factors", FACTORS * Float.BYTES);
  }

  /** The output of the factors kernel. Empty if the batch has no rows, and therefore no kernels. */
  Optional<RowVector> factors() {
    return factors == null ? Optional.empty() : Optional.of(RowVector.weightsAt(factorsAddress(), FACTORS));
  }

  /** Submits the factors kernel, after the check. */
  void submitFactors(double power) {
    new LossParameters(placement.parameters()).setDouble(Field.FACTOR_POWER, power);
    Objects.requireNonNull(factors).run();
  }

  /** Submits the check. */
  void check() {
    tensors.requireOpen();
    tensors.upload();
    check.run();
    workspace.status().holdsCheck();
  }

  /**
   * Waits for the check and returns the divisors.
   *
   * @throws IllegalArgumentException if a value is invalid; the message names the first one
   */
  Divisors divisors() {
    long labelled = rows();
    if (rows() > 0 && readout.isChecked()) {
      MemorySegment checked = MemorySegment.ofArray(new long[Math.toIntExact(BatchReport.LAYOUT.byteSize() / 8)]);
      device.download(workspace.status().address(), checked.asSlice(0, BatchStatus.LAYOUT.byteSize()));
      ReportReader.totals(call, checked, readout);
      labelled = BatchReport.status(checked).labelledRows();
    }
    return Divisors.of(call.loss(), withDenominatorsOnHost(), labelled);
  }

  /** Returns the inputs with denominators as numbers, or without denominators if the batch has no rows. */
  private LossInputs withDenominatorsOnHost() {
    LossInputs inputs = call.inputs();
    if (rows() == 0) {
      return inputs;
    }
    if (inputs.softDenominator() instanceof Denominator.InMemory(RowVector vector)) {
      inputs = inputs.withSoftDenominator(onHost(vector, false));
    }
    if (inputs.hardDenominator() instanceof Denominator.InMemory(RowVector vector)) {
      inputs = inputs.withHardDenominator(onHost(vector, true));
    }
    return inputs;
  }

  private Denominator onHost(RowVector vector, boolean hard) {
    float value = readout.value(vector, 0);
    if (!RowChecks.isDenominator(value)) {
      throw RowChecks.badDenominator(call.inputs(), hard, value);
    }
    return Denominator.of(value);
  }

  /** The largest absolute row weight, after the check; 1 without weights. */
  double largestWeight() {
    return switch (call.inputs().rowWeights()) {
      case null -> 1;
      case RowVector.Host host -> HostRows.largest(host);
      case RowVector.Device onDevice -> {
        float[] values = new float[Math.toIntExact(rows())];
        if (values.length > 0) {
          device.download(onDevice.address(), MemorySegment.ofArray(values));
        }
        yield HostRows.largest((RowVector.Host) RowVector.weights(values));
      }
    };
  }

  /** Returns a chunk whose row values are written to the memory that the totals kernel reads. */
  LossCall chunk(LossCall chunk, long firstRow) {
    LossOutputs outputs = chunk.outputs();
    for (Map.Entry<RowOutput, RowVector> rows : rowOutputs.entrySet()) {
      outputs = outputs.withRow(rows.getKey(),
          rows.getValue().rows(firstRow, firstRow + chunk.inputs().student().rows()));
    }
    return new LossCall(chunk.loss(), chunk.inputs(), outputs, chunk.classes(), null, null);
  }

  /** Returns the memory that a chunk shares with this batch. */
  SharedBatch shared(long firstRow) {
    return placement.shared(firstRow);
  }

  /** Submits the totals, and waits if row values must be copied to the host. */
  void totals() {
    workspace.status().endsWithTotals();
    totals.run();
    placement.download();
  }

  LossReadout readout() {
    return readout;
  }

  /** Whether an input or output lies in host memory that kernels cannot access. */
  boolean anyCopied() {
    return tensors.anyCopied();
  }

  private long rows() {
    return call.inputs().student().rows();
  }

  @Override
  public void close() {
    try (check; totals; var _ = factors) {
      rowOutputs.clear();
    }
  }
}

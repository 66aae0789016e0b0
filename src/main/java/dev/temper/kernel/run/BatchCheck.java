package dev.temper.kernel.run;

import dev.temper.Denominator;
import dev.temper.LossInputs;
import dev.temper.RowVector;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.spec.BatchKernel;
import dev.temper.spi.Divisors;
import dev.temper.spi.LossCall;
import dev.temper.spi.layout.BatchReport;
import dev.temper.spi.layout.ReportReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The check of a batch on the device, without its row losses: the first invalid value is reported, and the divisors are
 * known before anything is written. The host waits for it.
 *
 * @param call inputs of the batch, without outputs; the student and dense teachers are not read
 * @param device the device of the engine
 */
record BatchCheck(LossCall call, KernelDevice device) {

  /**
   * Checks the batch.
   *
   * @throws IllegalArgumentException for the first invalid value
   */
  Divisors run(DeviceQueue queue, Workspace workspace, PendingResults results) {
    LossReadout readout = new LossReadout(call, device);
    long rows = call.inputs().student().rows();
    long labelled = rows;
    if (rows > 0 && (readout.isChecked() || readsDenominator())) {
      device.load(BatchKernel.CHECK);
      device.load(BatchKernel.TOTALS);
      PendingResults.Lease lease = launch(queue, workspace, results);
      try {
        labelled = lease.read(report -> labelled(report, readout));
      } finally {
        results.end(lease);
      }
    }
    return Divisors.of(call.loss(), withDenominatorsOnHost(queue, readout), labelled);
  }

  private PendingResults.Lease launch(DeviceQueue queue, Workspace workspace, PendingResults results) {
    try (var _ = queue.lock()) {
      PendingResults.Lease lease = results.lease();
      try {
        device.withContext(() -> {
          try (Arena arena = Arena.ofConfined();
              LossLaunch launch = new LossLaunch(call, null, workspace, lease.slot(), arena)) {
            launch.run();
          }
        });
        return lease;
      } catch (RuntimeException | Error e) {
        results.end(lease);
        throw e;
      }
    }
  }

  private long labelled(MemorySegment report, LossReadout readout) {
    ReportReader.totals(call, report, readout);
    return readout.isChecked() ? BatchReport.status(report).labelledRows() : call.inputs().student().rows();
  }

  private boolean readsDenominator() {
    return call.inputs().softDenominator() instanceof Denominator.InMemory
        || call.inputs().hardDenominator() instanceof Denominator.InMemory;
  }

  /** The inputs with denominators as numbers. A batch without rows has none. */
  private LossInputs withDenominatorsOnHost(DeviceQueue queue, LossReadout readout) {
    LossInputs inputs = call.inputs();
    if (inputs.student().rows() == 0 || !readsDenominator()) {
      return inputs;
    }
    try (var _ = queue.lock()) {
      if (inputs.softDenominator() instanceof Denominator.InMemory(RowVector vector)) {
        inputs = inputs.withSoftDenominator(Denominator.of(readout.value(vector, 0)));
      }
      if (inputs.hardDenominator() instanceof Denominator.InMemory(RowVector vector)) {
        inputs = inputs.withHardDenominator(Denominator.of(readout.value(vector, 0)));
      }
      return inputs;
    }
  }
}

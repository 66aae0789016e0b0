package dev.temper.kernel.run;

import dev.temper.diagnostics.LaunchFootprint;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.Occupancy;
import dev.temper.kernel.device.ResultSlot;
import dev.temper.kernel.plan.RowPlan;
import dev.temper.kernel.spec.BatchKernel;
import dev.temper.kernel.spec.LossSpecialisation;
import dev.temper.spi.LossCall;
import dev.temper.spi.layout.Pass;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A prepared call of a loss: its tensors are placed, its parameters written, its kernels prepared. A run waits only if
 * results must be copied to host memory that the kernels cannot access.
 */
final class LossLaunch implements AutoCloseable {

  private final KernelDevice device;
  private final LossCall call;
  private final LossSpecialisation loss;
  private final LossPlacement placement;
  private final PlacedTensors tensors;
  private final LossReadout readout;
  private final LaunchSequence sequence;

  /**
   * Prepares a call. The stream lock is held, or no other call uses the workspace.
   *
   * @param loss one of the specialisations that compute this call
   * @param batch the batch that the rows are a chunk of, whose check and totals are launched apart; null for all rows
   * @param report where the kernels write the report
   * @param arena arena of the parameters, which stays open as long as the launch is used
   */
  LossLaunch(LossCall call, LossSpecialisation loss, @Nullable SharedBatch batch, Workspace workspace,
      ResultSlot report, Arena arena) {
    this.call = call;
    this.loss = loss;
    device = workspace.device();
    placement = new LossPlacement(call, loss, batch, workspace, report, arena);
    tensors = placement.tensors();
    readout = placement.readout();
    sequence = new LaunchSequence(device, workspace.status(), report);
    if (rows() > 0) {
      prepare(placement.parameters(), batch == null);
    }
  }

  /**
   * Compiles and loads the kernels of a call. The caller does not hold the stream lock, because a compilation takes up
   * to a second.
   */
  static void loadKernels(KernelDevice device, LossCall call, LossSpecialisation loss) {
    LossReadout readout = new LossReadout(call, device);
    if (call.inputs().student().rows() > 0) {
      boolean single = LossSteps.isSingleLaunch(loss, call);
      if (readout.isChecked() && !single) {
        device.load(BatchKernel.CHECK);
      }
      device.load(loss);
      if (readout.isReported() && !single) {
        device.load(BatchKernel.TOTALS);
      }
    }
  }

  private void prepare(MemorySegment parameters, boolean isBatch) {
    LossSteps steps = new LossSteps(device, tensors.hostMemory());
    boolean hasOtherSteps = isBatch && !placement.isSingleLaunch();
    placement.clearing().ifPresent(sequence::add);
    if (hasOtherSteps && readout.isChecked()) {
      sequence.add(steps.check(parameters, rows()));
    }
    sequence.add(steps.rowLosses(loss, parameters, call));
    if (hasOtherSteps && readout.isReported()) {
      sequence.add(steps.totals(parameters, rows(), Pass.of(call).isForward()));
    }
  }

  /** Occupancy and memory of the loss kernel. */
  LaunchFootprint footprint() {
    RowPlan plan = loss.plan();
    long shared = loss.sharedBytes(call.classes());
    Occupancy occupancy = device.occupancy(loss, shared);
    return new LaunchFootprint(plan.label(), plan.blockThreads(), occupancy.registers(), occupancy.localBytes(), shared,
        occupancy.residentBlocks(),
        occupancy.residentBlocks()
            * plan.bytesInFlight(call.classes(), loss.student().bytes(), loss.teacherBytes()));
  }

  /**
   * Submits the kernels and copies. The stream lock is held.
   *
   * @throws IllegalStateException if memory of a tensor was closed
   */
  void run() {
    tensors.requireOpen();
    tensors.upload();
    sequence.run();
    placement.download();
  }

  /** Records the kernels as a CUDA graph, which later runs replay. The stream lock is held. */
  void recordGraph() {
    requireRecordable();
    sequence.record();
  }

  void requireRecordable() {
    if (tensors.anyCopied()) {
      throw PlacedTensors.notRecordable();
    }
  }

  /** Returns the reader of the report of a run. */
  LossReadout readout() {
    return readout;
  }

  private long rows() {
    return call.inputs().student().rows();
  }

  @Override
  public void close() {
    sequence.close();
  }
}

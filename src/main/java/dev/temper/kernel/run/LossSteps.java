package dev.temper.kernel.run;

import dev.temper.LossInputs;
import dev.temper.MatrixView;
import dev.temper.Teacher;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.KernelLaunch;
import dev.temper.kernel.plan.RowPlan;
import dev.temper.kernel.plan.RowStorage;
import dev.temper.kernel.spec.BatchKernel;
import dev.temper.spi.layout.BatchTotals;
import dev.temper.spi.layout.LossParameters;
import dev.temper.kernel.spec.LossSpecialisation;
import dev.temper.spi.LossCall;
import dev.temper.spi.TeacherForm;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The kernels of a loss, each prepared on its own: the check of the rows, the row losses with their gradients, the
 * totals. Several launches of row losses, each over some of the rows, can follow one check and precede one launch of
 * the totals.
 *
 * @param device runs the kernels
 * @param hostMemory host memory that the kernels access in place
 */
record LossSteps(KernelDevice device, List<MemorySegment> hostMemory) {

  /**
   * Finds invalid labels, row weights and row temperatures, and counts the rows that are not ignored.
   *
   * @param parameters {@link LossParameters}
   */
  KernelLaunch check(MemorySegment parameters, long rows) {
    return device.prepare(
        BatchKernel.CHECK, parameters, hostMemory, BatchKernel.CHECK.blocks(rows), BatchKernel.CHECK.sharedBytes());
  }

  /**
   * The most rows of a single launch, in which every block checks all rows. The totals of so many rows have four parts.
   */
  private static final long MOST_ROWS = 16_384;

  /**
   * Returns whether the launch of the row losses can also check the rows and write the report, without the other two
   * launches. Its kernel must be persistent with a block or a cluster for each row, and the teacher must have no values
   * to check.
   */
  static boolean isSingleLaunch(LossSpecialisation loss, LossCall call) {
    LossInputs inputs = call.inputs();
    return loss.prefetches() && loss.plan().lanes() == 0 && inputs.student().rows() <= MOST_ROWS
        && call.teacherLists() == null && call.teacherForm() == TeacherForm.LOGITS
        && !(inputs.teacher() instanceof Teacher.RowIndex);
  }

  /**
   * Computes the factors of a linear head.
   *
   * @param parameters {@link LossParameters} of the whole batch
   */
  KernelLaunch factors(MemorySegment parameters, long rows) {
    return device.prepare(BatchKernel.FACTORS, parameters, hostMemory, BatchKernel.FACTORS.blocks(rows),
        BatchKernel.FACTORS.sharedBytes());
  }

  /** Computes losses and gradients of the rows of a call. */
  KernelLaunch rowLosses(LossSpecialisation loss, MemorySegment parameters, LossCall call) {
    return device.prepare(loss, parameters, hostMemory, blocks(loss, call), loss.sharedBytes(call.classes()));
  }

  /**
   * Adds up the row losses and writes the report. A backward pass has no totals: its report holds the status alone.
   *
   * @param parameters {@link LossParameters} with memory for {@link #totalsParts}
   */
  KernelLaunch totals(MemorySegment parameters, long rows, boolean forward) {
    return device.prepare(
        BatchKernel.TOTALS, parameters, hostMemory, totalsBlocks(rows, forward), BatchKernel.TOTALS.sharedBytes());
  }

  /** Bytes of the partial sums of the totals kernel. */
  static long totalsParts(long rows, boolean forward) {
    return (long) BatchTotals.PART_BYTES * totalsBlocks(rows, forward);
  }

  /** Blocks of the totals kernel, each of which adds up a part of the rows. */
  static int totalsBlocks(long rows, boolean forward) {
    return forward ? BatchKernel.TOTALS.blocks(rows) : 1;
  }

  private long blocks(LossSpecialisation loss, LossCall call) {
    RowPlan plan = loss.plan();
    long rows = call.inputs().student().rows();
    if (!loss.prefetches()) {
      return plan.blocks(rows);
    }
    long deviceBlocks = device.occupancy(loss, loss.sharedBytes(call.classes())).deviceBlocks();
    if (plan.storage() instanceof RowStorage.Ring) {
      return plan.blocks(rows, deviceBlocks, 1); // a ring holds rows of any alignment
    }
    int period = alignmentPeriod(call.inputs().student());
    return plan.blocks(
        rows, deviceBlocks, call.usesTeacher() ? Math.max(period, alignmentPeriod(call.teacherLogits())) : period);
  }

  private static int alignmentPeriod(@Nullable MatrixView logits) {
    return logits == null ? 1 : RowPlan.alignmentPeriod(logits.rowStride() * logits.dtype().bytes());
  }
}

package dev.temper.emulator;

import dev.temper.kernel.code.KernelSource;

/** A defect of a loss kernel that is the only launch of a call. */
enum LaunchDefect {
  /** The last block but one adds up the rows, some of which have no loss yet. */
  TOTALS_BEFORE_THE_LAST_BLOCK("totals.cuh", "1ull) == gridDim.x - 1;", "1ull) == gridDim.x - 2;"),
  /** The count of this launch is not cleared for the next one. */
  COUNT_NOT_RESET("totals.cuh", "  *p.finished_blocks = 0;\n", ""),
  /** The invalid row of this launch is not cleared for the next one. */
  STATUS_NOT_CLEARED("totals.cuh", "  if (p.status != nullptr) *p.status = {};\n", ""),
  /** A block checks only the labels of its own rows, and writes although another label is invalid. */
  OWN_LABELS_ONLY("single_launch.cuh", "if (!is_label(p, label)) check",
      "if (!is_label(p, label) && row % gridDim.x == blockIdx.x) check"),
  /** The rows that a thread loads together with its first one are not checked. */
  FIRST_ROWS_ONLY("single_launch.cuh", "if (row + i * kThreads < rows) visit(", "if (i == 0) visit("),
  /** The first warp does not read the results of the others. */
  FIRST_WARP_ONLY("single_launch.cuh", "if (threadIdx.x < unsigned(kThreads / 32)) {", "if (threadIdx.x < 1) {"),
  /** The totals of a part do not have the sums of all its warps. */
  ONE_WARP_OF_A_PART("single_launch.cuh", "i < count * kTotalsWarps;", "i < count;");

  private final String file;
  private final String correct;
  private final String planted;

  LaunchDefect(String file, String correct, String planted) {
    this.file = file;
    this.correct = correct;
    this.planted = planted;
  }

  /** The sources with the defect. */
  KernelSource source(String name) {
    return PlantedSource.of(name, file, this, correct, planted);
  }
}

package dev.temper.tools.counts;

import dev.temper.kernel.plan.RowPlan;
import dev.temper.kernel.plan.RowStorage;
import dev.temper.tools.counts.ControlFlow.Block;
import dev.temper.tools.counts.MachineCode.InstructionKind;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * The warp instructions that an ordinary row executes, estimated from compiled code: the loops over the row times their
 * trips, and the shortest path through the code between them. The estimate is for rows on the fast path with full
 * vectors, without a new maximum and without the label's class.
 *
 * <p>The path passes through waypoints in the order of their addresses. Waypoints are the loops or the blocks of an
 * unrolled sweep, and between two sweeps the last block with the polynomial of a logarithm. Rows in registers add the
 * block that loads them, and rows of a warp the block that stores the values. Waiting and the producing warp of a ring
 * are not counted. For the kernels of an earlier version that were profiled, the estimates were 3 % and 9 % away from
 * the executed instructions.
 *
 * @param straight instructions of a warp outside the sweeps
 * @param sweeps instructions of a warp in the sweeps, averaged over the warps of a row
 * @param special instructions of the special-function unit in the sweeps of a warp
 * @param warps warps of a row; a fraction if several rows share a warp
 */
record RowInstructions(int straight, double sweeps, double special, double warps) {

  private static final int MANY_SPECIAL = 16;
  private static final int POLYNOMIAL = 10;
  private static final int WARP = 32;
  private static final int VECTOR = 16;
  private static final int SCHEDULERS = 4;
  /** Special functions of a multiprocessor in a cycle, of compute capability 7.5 to 12.0. */
  private static final int SPECIAL_A_CYCLE = 16;

  /** A part of the path that is passed {@code trips} times. */
  private record Waypoint(int first, int last, double instructions, double special, double trips) {}

  /** The instructions of a whole row. */
  double perRow() {
    return warps * (straight + sweeps);
  }

  /** Special functions for each of a number of classes. */
  double specialPerClass(int classes) {
    return special * warps * WARP / classes;
  }

  /** The least cycles of a multiprocessor in which its four schedulers issue the instructions of a row. */
  double issueCycles() {
    return perRow() / SCHEDULERS;
  }

  /** The least cycles of a multiprocessor in which its special-function units compute those of a row. */
  double specialCycles() {
    return special * warps * WARP / SPECIAL_A_CYCLE;
  }

  /**
   * Counts a kernel.
   *
   * @param secondBytes bytes of an element of the second tensor, 0 if there is none
   * @throws IllegalArgumentException if no sweep is found
   */
  static RowInstructions of(MachineCode code, RowPlan plan, int classes, int firstBytes, int secondBytes) {
    ControlFlow flow = new ControlFlow(code);
    List<RowLoop> loops = RowLoop.of(code);
    List<Block> straightBlocks = flow.blocks().stream()
        .filter(block -> loops.stream()
            .noneMatch(loop -> loop.first() <= block.first() && block.first() <= loop.last()))
        .toList();
    List<Waypoint> sweeps = new ArrayList<>();
    if (plan.storage() instanceof RowStorage.Registers) {
      addRegisters(code, straightBlocks, VECTOR / firstBytes, sweeps);
    } else if (plan.storage() instanceof RowStorage.Ring ring) {
      addRing(code, loops, straightBlocks, plan, ring, classes, firstBytes, secondBytes, sweeps);
    } else {
      int pair = VECTOR + VECTOR / firstBytes * secondBytes;
      double trips = trips(plan.groupSize(), Math.ceilDiv(classes * firstBytes, VECTOR));
      RowLoop.usual(loops).stream().filter(loop -> loop.purpose() != RowLoop.Purpose.LOAD).forEach(loop -> sweeps.add(
          waypoint(loop, trips * pair / loop.bytes())));
    }
    if (sweeps.isEmpty()) {
      throw new IllegalArgumentException("found no sweep over a row in the code of " + plan.label());
    }
    sweeps.sort(Comparator.comparingInt(Waypoint::first));
    List<Waypoint> all = new ArrayList<>(sweeps);
    addBetween(code, straightBlocks, sweeps, plan, all);
    return along(code, flow, all, sweeps, plan.groupSize() / (double) WARP);
  }

  /**
   * The sweeps over a row in registers: the blocks with exponentials, and the blocks of a gradient from exponentials
   * that were kept, with two multiply-adds for each class of a vector.
   */
  private static void addRegisters(MachineCode code, List<Block> straightBlocks, int classes, List<Waypoint> sweeps) {
    for (Block block : straightBlocks) {
      int special = RowLoop.special(code, block);
      boolean gradient = !sweeps.isEmpty() && special == 0 && count(block, code::isFusedMultiplyAdd) >= 2L * classes;
      if (special >= MANY_SPECIAL || gradient) {
        sweeps.add(once(code, block));
      }
    }
  }

  /**
   * The sweeps over a ring: each has a loop over the full stages and one over the vectors behind them. A kernel that
   * keeps the exponentials of a stage has one trip less, and a block of its own for the sums of that stage.
   */
  private static void addRing(MachineCode code, List<RowLoop> loops, List<Block> straightBlocks, RowPlan plan,
      RowStorage.Ring ring, int classes, int firstBytes, int secondBytes, List<Waypoint> sweeps) {
    int vectors = classes * firstBytes / VECTOR / plan.cluster();
    int stage = ring.vectors() * plan.threads();
    int pair = VECTOR + VECTOR / firstBytes * secondBytes;
    List<RowLoop> full = RowLoop.usual(loops.stream().filter(loop -> loop.bytes() == ring.vectors() * pair
        && loop.purpose() != RowLoop.Purpose.LOAD).toList()); // the producing warp has loops that load
    RowLoop sums = full.getFirst();
    List<Block> kept = straightBlocks.stream().filter(block -> block.last() < sums.first()
        && RowLoop.special(code, block) == sums.special()).toList();
    kept.stream().findFirst().ifPresent(block -> sweeps.add(once(code, block)));
    int trips = vectors / stage - (kept.isEmpty() ? 0 : 1);
    full.forEach(loop -> sweeps.add(waypoint(loop, trips)));
    double rest = trips(plan.threads(), vectors % stage);
    for (RowLoop loop : full) {
      loops.stream().filter(other -> other.purpose() == loop.purpose() && other.bytes() == pair
          && other.first() > loop.last()).findFirst().ifPresent(other -> sweeps.add(waypoint(other, rest)));
    }
  }

  private static Waypoint waypoint(RowLoop loop, double trips) {
    return new Waypoint(loop.first(), loop.last(), loop.instructions(), loop.special(), trips);
  }

  private static void addBetween(MachineCode code, List<Block> blocks, List<Waypoint> sweeps, RowPlan plan,
      List<Waypoint> all) {
    Set<Integer> known = new TreeSet<>(sweeps.stream().map(Waypoint::first).toList());
    int begin = sweeps.getFirst().last();
    int end = sweeps.getLast().first();
    for (int i = 0; i + 1 < sweeps.size(); i++) {
      int low = sweeps.get(i).last();
      int high = sweeps.get(i + 1).first();
      blocks.stream().filter(block -> block.first() > low && block.last() < high && !known.contains(block.first()))
          .filter(block -> count(block, code::isFusedMultiplyAdd) >= POLYNOMIAL
              && RowLoop.special(code, block) < MANY_SPECIAL)
          .reduce((_, last) -> last).ifPresent(block -> all.add(once(code, block)));
    }
    if (plan.lanes() > 0) {
      blocks.stream().filter(block -> block.first() > begin && block.last() < end)
          .filter(block -> {
            long stores = count(block, at -> code.kind(at) == InstructionKind.STORE_GLOBAL && code.width(at) == 4);
            return stores >= 2 && stores <= 4;
          }).findFirst().ifPresent(block -> all.add(once(code, block)));
    }
    if (plan.storage() instanceof RowStorage.Registers) {
      blocks.stream().filter(block -> block.last() < sweeps.getFirst().first())
          .max(Comparator.comparingLong(block -> count(block, at -> code.kind(at) == InstructionKind.LOAD_GLOBAL
              && code.width(at) == VECTOR)))
          .ifPresent(block -> all.add(once(code, block)));
    }
    all.sort(Comparator.comparingInt(Waypoint::first));
  }

  private static RowInstructions along(MachineCode code, ControlFlow flow, List<Waypoint> way, List<Waypoint> sweeps,
      double warps) {
    int head = 0;
    int end = code.length() - 1;
    for (int at = 0; at < code.length(); at++) {
      boolean back = code.kind(at) == InstructionKind.BRANCH && code.target(at) >= 0 && code.target(at) < at;
      // The smallest loop with all sweeps is the loop over the rows.
      if (back && code.target(at) <= way.getFirst().first() && at >= way.getLast().last()
          && at - code.target(at) < end - head) {
        head = code.target(at);
        end = at;
      }
    }
    int straight = 0;
    int from = head;
    for (Waypoint point : way) {
      straight += Math.max(0, flow.shortest(from, point.first(), 0, code.length() - 1).size() - 2);
      straight += sweeps.contains(point) ? 0 : (int) point.instructions();
      from = point.last();
    }
    straight += flow.shortest(from, end, 0, code.length() - 1).size();
    return new RowInstructions(straight,
        sweeps.stream().mapToDouble(point -> point.instructions() * point.trips()).sum(),
        sweeps.stream().mapToDouble(point -> point.special() * point.trips()).sum(), warps);
  }

  /** Vectors of a thread, averaged over the warps of a group: the lane with the most determines its warp. */
  private static double trips(int group, int vectors) {
    int warps = Math.max(1, group / WARP);
    return IntStream.range(0, warps).map(warp -> Math.max(0, Math.ceilDiv(vectors - warp * WARP, group))).sum()
        / (double) warps;
  }

  private static Waypoint once(MachineCode code, Block block) {
    return new Waypoint(block.first(), block.last(), block.last() - block.first() + 1, RowLoop.special(code, block), 1);
  }

  private static long count(Block block, IntPredicate kind) {
    return IntStream.rangeClosed(block.first(), block.last()).filter(kind).count();
  }
}

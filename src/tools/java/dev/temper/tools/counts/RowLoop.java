package dev.temper.tools.counts;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A loop over the vectors of a row. Its instructions are counted along the shortest path from its first to its last
 * instruction: that of full vectors, without a new maximum and without the label's class.
 *
 * @param first index of the loop's first instruction
 * @param last index of the loop's last instruction
 * @param purpose what the loop computes
 * @param instructions instructions on the path
 * @param special instructions on the path for the special-function unit
 * @param bytes bytes of both rows that each thread reads on the path
 */
record RowLoop(int first, int last, Purpose purpose, int instructions, int special, int bytes) {

  /** The purpose of a loop. */
  enum Purpose {
    /** Loads the row into shared memory. */
    LOAD,
    /** Sums exponentials. */
    SUM,
    /** Sums terms that depend on the sums of exponentials, with a logarithm for each class. */
    RATIO,
    /** Writes the gradient. */
    GRADIENT
  }

  /** The innermost loops that read vectors of 8 or 16 bytes, in the order of their addresses. */
  static List<RowLoop> of(MachineCode code) {
    Map<Integer, Integer> jumps = new TreeMap<>(); // first instruction of a loop -> last jump back to it
    for (int at = 0; at < code.length(); at++) {
      boolean branch = code.kind(at) == MachineCode.InstructionKind.BRANCH;
      if (branch && code.target(at) <= at && code.target(at) >= 0 && !isTrap(code, at)) {
        jumps.merge(code.target(at), at, Math::max);
      }
    }
    List<RowLoop> loops = new ArrayList<>();
    jumps.forEach((head, end) -> {
      boolean innermost = jumps.entrySet().stream().noneMatch(other -> other.getKey() > head && other.getValue() < end
          && reads(code, other.getKey(), other.getValue()));
      if (innermost && reads(code, head, end)) {
        loops.add(count(code, head, end));
      }
    });
    return loops.stream().filter(loop -> loop.bytes > 0).toList();
  }

  /** Whether the instruction jumps to itself, like the last one of a kernel. */
  private static boolean isTrap(MachineCode code, int at) {
    return code.target(at) == at;
  }

  private static boolean reads(MachineCode code, int head, int end) {
    for (int at = head; at <= end; at++) {
      if (vectorBytes(code, at) > 0) {
        return true;
      }
    }
    return false;
  }

  private static int vectorBytes(MachineCode code, int at) {
    return switch (code.kind(at)) {
      case LOAD_GLOBAL, LOAD_SHARED, COPY -> code.width(at) >= 8 ? code.width(at) : 0;
      default -> 0;
    };
  }

  private static RowLoop count(MachineCode code, int head, int end) {
    List<Integer> path = path(code, head, end);
    List<MachineCode.InstructionKind> kinds = path.stream().map(code::kind).toList();
    int special = (int) kinds.stream().filter(purpose -> purpose == MachineCode.InstructionKind.SPECIAL).count();
    return new RowLoop(head, end, purpose(code, path, kinds), path.size(), special, bytes(code, path));
  }

  /** The shortest path that passes through a block with the most special functions. */
  private static List<Integer> path(MachineCode code, int head, int end) {
    ControlFlow flow = new ControlFlow(code);
    List<ControlFlow.Block> blocks = flow.blocks().stream()
        .filter(block -> block.first() >= head && block.last() <= end).toList();
    int most = blocks.stream().mapToInt(block -> special(code, block)).max().orElse(0);
    if (most == 0) {
      return flow.shortest(head, end, head, end);
    }
    return blocks.stream().filter(block -> special(code, block) == most)
        .map(block -> through(flow, block, head, end)).min(Comparator.comparingInt(List::size)).orElseThrow();
  }

  private static List<Integer> through(ControlFlow flow, ControlFlow.Block block, int head, int end) {
    List<Integer> path = new ArrayList<>(flow.shortest(head, block.first(), head, end));
    IntStream.rangeClosed(block.first() + 1, block.last()).forEach(path::add);
    List<Integer> rest = flow.shortest(block.last(), end, head, end);
    path.addAll(rest.subList(1, rest.size()));
    return path;
  }

  /** Instructions of a block for the special-function unit. */
  static int special(MachineCode code, ControlFlow.Block block) {
    return (int) IntStream.rangeClosed(block.first(), block.last())
        .filter(at -> code.kind(at) == MachineCode.InstructionKind.SPECIAL).count();
  }

  /** Returns the bytes read on the path. If a loop reads this row and copies the next one, only the reads count. */
  private static int bytes(MachineCode code, List<Integer> path) {
    int copied = path.stream().filter(at -> code.kind(at) == MachineCode.InstructionKind.COPY)
        .mapToInt(at -> vectorBytes(code, at)).sum();
    int all = path.stream().mapToInt(at -> vectorBytes(code, at)).sum();
    return all > copied ? all - copied : copied;
  }

  private static Purpose purpose(MachineCode code, List<Integer> path, List<MachineCode.InstructionKind> kinds) {
    if (kinds.contains(MachineCode.InstructionKind.STORE_GLOBAL)) {
      return Purpose.GRADIENT;
    }
    if (kinds.contains(MachineCode.InstructionKind.SPECIAL)) {
      return path.stream().anyMatch(code::isLogarithm) ? Purpose.RATIO : Purpose.SUM;
    }
    return Purpose.LOAD;
  }

  /**
   * The loops of most rows. If several loops have one purpose, a row uses one of them, or one handles the end of the
   * row: the loop with the fewest instructions per byte counts.
   */
  static List<RowLoop> usual(List<RowLoop> all) {
    return Stream.of(Purpose.values()).flatMap(purpose -> all.stream().filter(loop -> loop.purpose == purpose)
        .min(Comparator.comparingDouble(RowLoop::perByte)).stream()).toList();
  }

  private double perByte() {
    return instructions / (double) bytes;
  }

  /** Instructions per element; {@code elementBytes} is the size of an element of both rows together. */
  double instructionsPerElement(int elementBytes) {
    return perByte() * elementBytes;
  }

  /** Special-function instructions per element. */
  double specialPerElement(int elementBytes) {
    return special / (double) bytes * elementBytes;
  }
}

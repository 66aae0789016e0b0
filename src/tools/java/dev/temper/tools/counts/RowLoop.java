package dev.temper.tools.counts;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A loop over the vectors of a row, counted along its shortest way from head to end: that of whole vectors, without a new
 * maximum, without the label's class.
 *
 * @param purpose what it does
 * @param instructions on the way
 * @param special those of them for the special-function unit
 * @param bytes that each thread reads of both rows on the way
 */
record RowLoop(Purpose purpose, int instructions, int special, int bytes) {

  /** What a loop over a row does. */
  enum Purpose {
    /** Brings the row to shared memory. */
    LOAD,
    /** Finds the largest and smallest logits. */
    EXTREMA,
    /** Adds up exponentials. */
    SUM,
    /** Adds up what asks for their sums, by a logarithm of each class. */
    RATIO,
    /** Writes the gradient. */
    GRADIENT
  }

  /** The loops without a loop inside that read vectors of 8 or 16 bytes, in the order of their addresses. */
  static List<RowLoop> of(MachineCode code) {
    Map<Integer, Integer> jumps = new TreeMap<>(); // first instruction of a loop -> last jump back to it
    for (int at = 0; at < code.length(); at++) {
      if (code.operation(at) == MachineCode.Operation.BRANCH && code.target(at) <= at && code.target(at) >= 0 && !isTrap(code, at)) {
        jumps.merge(code.target(at), at, Math::max);
      }
    }
    List<RowLoop> loops = new ArrayList<>();
    jumps.forEach((head, end) -> {
      boolean innermost = jumps.entrySet().stream().noneMatch(other -> other.getKey() > head && other.getValue() < end);
      if (innermost && reads(code, head, end)) {
        loops.add(shortest(code, head, end));
      }
    });
    return loops.stream().filter(loop -> loop.bytes > 0).toList();
  }

  /** The code ends with a jump to itself. */
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
    return switch (code.operation(at)) {
      case LOAD_GLOBAL, LOAD_SHARED, COPY -> code.width(at) >= 8 ? code.width(at) : 0;
      default -> 0;
    };
  }

  /** Breadth first; what lies outside the loop is no part of the way. */
  private static RowLoop shortest(MachineCode code, int head, int end) {
    int[] before = new int[end - head + 1];
    Arrays.fill(before, -1);
    List<Integer> queue = new ArrayList<>(List.of(head));
    before[0] = head;
    for (int i = 0; i < queue.size() && before[end - head] < 0; i++) {
      int at = queue.get(i);
      if (code.canFallThrough(at)) {
        visit(at, at + 1, head, end, before, queue);
      }
      if (code.operation(at) == MachineCode.Operation.BRANCH) {
        visit(at, code.target(at), head, end, before, queue);
      }
    }
    List<Integer> way = new ArrayList<>();
    for (int at = end; before[end - head] >= 0 && at != head; at = before[at - head]) {
      way.add(at);
    }
    way.add(head);
    return count(code, way);
  }

  private static void visit(int from, int to, int head, int end, int[] before, List<Integer> queue) {
    if (to >= head && to <= end && before[to - head] < 0) {
      before[to - head] = from;
      queue.add(to);
    }
  }

  private static RowLoop count(MachineCode code, List<Integer> way) {
    List<MachineCode.Operation> operations = way.stream().map(code::operation).toList();
    int special = (int) operations.stream().filter(purpose -> purpose == MachineCode.Operation.SPECIAL).count();
    return new RowLoop(purpose(code, way, operations), way.size(), special, bytes(code, way));
  }

  /** What is copied for the next row, while this one is looked at, does not count. */
  private static int bytes(MachineCode code, List<Integer> way) {
    int copied = way.stream().filter(at -> code.operation(at) == MachineCode.Operation.COPY).mapToInt(at -> vectorBytes(code, at)).sum();
    int all = way.stream().mapToInt(at -> vectorBytes(code, at)).sum();
    return all > copied ? all - copied : copied;
  }

  private static Purpose purpose(MachineCode code, List<Integer> way, List<MachineCode.Operation> operations) {
    if (operations.contains(MachineCode.Operation.STORE_GLOBAL)) {
      return Purpose.GRADIENT;
    }
    if (operations.contains(MachineCode.Operation.SPECIAL)) {
      return way.stream().anyMatch(code::isLogarithm) ? Purpose.RATIO : Purpose.SUM;
    }
    return operations.contains(MachineCode.Operation.COPY) || operations.contains(MachineCode.Operation.LOAD_GLOBAL) ? Purpose.LOAD : Purpose.EXTREMA;
  }

  /**
   * The loops that most rows take. Where several loops do the same, rows choose among them, or a longer one brings up the rear:
   * the shortest per byte counts.
   */
  static List<RowLoop> usual(List<RowLoop> all) {
    return Stream.of(Purpose.values()).flatMap(purpose -> all.stream().filter(loop -> loop.purpose == purpose)
        .min(Comparator.comparingDouble(RowLoop::perByte)).stream()).toList();
  }

  private double perByte() {
    return instructions / (double) bytes;
  }

  /** Instructions per element, where an element of both rows has so many bytes. */
  double instructionsPerElement(int elementBytes) {
    return perByte() * elementBytes;
  }

  /** Special-function instructions per element. */
  double specialPerElement(int elementBytes) {
    return special / (double) bytes * elementBytes;
  }
}

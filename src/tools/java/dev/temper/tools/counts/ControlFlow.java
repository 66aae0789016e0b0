package dev.temper.tools.counts;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;

/** The paths through the instructions of a kernel. */
final class ControlFlow {

  /** A run of instructions without a branch into or out of its middle. */
  record Block(int first, int last) {}

  private final MachineCode code;

  ControlFlow(MachineCode code) {
    this.code = code;
  }

  /**
   * The shortest path from one instruction to another, both included, found breadth first.
   *
   * @param low the smallest index that the path may contain
   * @param high the largest index
   * @return the target alone if there is no path
   */
  List<Integer> shortest(int from, int to, int low, int high) {
    int[] before = new int[code.length()];
    Arrays.fill(before, -1);
    List<Integer> queue = new ArrayList<>(List.of(from));
    before[from] = from;
    for (int i = 0; i < queue.size() && before[to] < 0; i++) {
      int at = queue.get(i);
      if (code.canFallThrough(at)) {
        visit(at, at + 1, low, high, before, queue);
      }
      if (code.kind(at) == MachineCode.InstructionKind.BRANCH) {
        visit(at, code.target(at), low, high, before, queue);
      }
    }
    List<Integer> path = new ArrayList<>();
    for (int at = to; before[to] >= 0 && at != from; at = before[at]) {
      path.addFirst(at);
    }
    path.addFirst(before[to] >= 0 ? from : to);
    return path;
  }

  private static void visit(int from, int to, int low, int high, int[] before, List<Integer> queue) {
    if (to >= low && to <= high && before[to] < 0) {
      before[to] = from;
      queue.add(to);
    }
  }

  /** The blocks in the order of their addresses. */
  List<Block> blocks() {
    TreeSet<Integer> first = new TreeSet<>(List.of(0));
    for (int at = 0; at < code.length(); at++) {
      if (code.kind(at) == MachineCode.InstructionKind.BRANCH) {
        first.add(at + 1);
        if (code.target(at) >= 0) {
          first.add(code.target(at));
        }
      }
    }
    List<Block> blocks = new ArrayList<>();
    for (int begin : first.headSet(code.length())) {
      Integer next = first.higher(begin);
      blocks.add(new Block(begin, Math.min(next == null ? code.length() : next, code.length()) - 1));
    }
    return blocks;
  }
}

package dev.temper.tools.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The measurements of a run, in their order.
 *
 * @param group group of the result file
 * @param parts the parts, which can also be measured separately
 */
public record BenchPlan(String group, List<Part> parts) {

  /** Keeps a copy of the list. */
  public BenchPlan {
    parts = List.copyOf(parts);
  }

  /** Measurements that belong together. */
  public sealed interface Part {
    /** Name on the command line. */
    String name();

    /** Number of measurements. */
    int size();
  }

  /**
   * Losses on large batches.
   *
   * @param name name on the command line
   * @param cases cases in this order; cases of one shape and dtype are moved to the first of them
   */
  public record Losses(String name, List<BenchmarkCase> cases) implements Part {
    @Override
    public int size() {
      return cases.size();
    }

    /** Returns the cases in groups that share batches. */
    List<List<BenchmarkCase>> byBatch() {
      Map<String, List<BenchmarkCase>> groups = new LinkedHashMap<>();
      cases.forEach(one -> groups.computeIfAbsent(one.shape() + " " + one.dtype(), _ -> new ArrayList<>()).add(one));
      return List.copyOf(groups.values());
    }
  }

  /**
   * Every launch plan of some cases, timed by {@link PlanSweep}.
   *
   * @param name name on the command line
   * @param cases cases in this order, each with batches of its own
   * @param secondsEach time limit of one case; the plan that the engine chooses and one other plan are always measured
   */
  public record Plans(String name, List<BenchmarkCase> cases, double secondsEach) implements Part {
    /**
     * Returns one measurement for each case, its fastest plan. The number of plans is unknown before the batches exist.
     */
    @Override
    public int size() {
      return cases.size();
    }
  }

  /**
   * Losses of hidden states with a linear head, measured by {@link HeadBench}.
   *
   * @param name name on the command line
   * @param cases cases in this order
   */
  public record Heads(String name, List<HeadCase> cases) implements Part {
    @Override
    public int size() {
      return HeadCase.ENTRIES * cases.size();
    }
  }

  /**
   * The host's cost of launches, measured by {@link LaunchCost}.
   *
   * @param name name on the command line
   * @param costs the launches
   */
  public record LaunchCosts(String name, List<LaunchCost> costs) implements Part {
    @Override
    public int size() {
      return LaunchCost.ENTRIES * costs.size();
    }
  }

  /**
   * The first call of a process, measured by {@link FirstCall}.
   *
   * @param name name on the command line
   */
  public record FirstCalls(String name) implements Part {
    @Override
    public int size() {
      return FirstCall.ENTRIES;
    }
  }

  /** Number of measurements of all parts. */
  public int size() {
    return parts.stream().mapToInt(Part::size).sum();
  }
}

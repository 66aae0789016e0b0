package dev.temper.tools.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What is measured, in this order.
 *
 * @param group name of the result file's group
 * @param parts what can be left out or measured by itself
 */
public record BenchPlan(String group, List<Part> parts) {

  /** Keeps a copy of the list. */
  public BenchPlan {
    parts = List.copyOf(parts);
  }

  /** Things that are measured together. */
  public sealed interface Part {
    /** As the command line writes it. */
    String name();

    /** Entries that it makes. */
    int size();
  }

  /**
   * Losses on large batches.
   *
   * @param name as the command line writes it
   * @param works in this order but for those of one shape and dtype, which follow the first of them
   */
  public record Losses(String name, List<BenchmarkCase> cases) implements Part {
    @Override
    public int size() {
      return cases.size();
    }

    /** Works that share their batches. */
    List<List<BenchmarkCase>> byBatch() {
      Map<String, List<BenchmarkCase>> groups = new LinkedHashMap<>();
      cases.forEach(benchmarkCase -> groups.computeIfAbsent(benchmarkCase.shape() + " " + benchmarkCase.dtype(), _ -> new ArrayList<>()).add(benchmarkCase));
      return List.copyOf(groups.values());
    }
  }

  /**
   * {@link PlanSweep}s.
   *
   * @param name as the command line writes it
   * @param works in this order, each with batches of its own
   * @param secondsEach after which a work's remaining plans are left out; its own plan and one other are always measured
   */
  public record Plans(String name, List<BenchmarkCase> cases, double secondsEach) implements Part {
    /** One for the best of each; how many plans there are is known when a batch is there. */
    @Override
    public int size() {
      return cases.size();
    }
  }

  /**
   * {@link LaunchCost}.
   *
   * @param name as the command line writes it
   * @param costs what is launched
   */
  public record LaunchCosts(String name, List<LaunchCost> costs) implements Part {
    @Override
    public int size() {
      return LaunchCost.ENTRIES * costs.size();
    }
  }

  /**
   * {@link FirstCall}.
   *
   * @param name as the command line writes it
   */
  public record FirstCalls(String name) implements Part {
    @Override
    public int size() {
      return FirstCall.ENTRIES;
    }
  }

  /** Entries of all parts. */
  public int size() {
    return parts.stream().mapToInt(Part::size).sum();
  }
}

package dev.temper.tools.bench;

import dev.temper.DType;
import dev.temper.Divergence;
import dev.temper.tools.bench.BenchLoss.Objective;
import dev.temper.tools.bench.BenchmarkCase.LaunchMode;
import dev.temper.tools.bench.BenchmarkCase.Passes;
import java.util.ArrayList;
import java.util.List;

/**
 * The benchmark grid of a GPU: shapes, dtypes, temperatures, passes and losses. The most important cases come first,
 * because a run may end early.
 *
 * @param shapes rows and classes, most important first
 * @param dtypes dtypes of student, teacher and gradient, most important first
 * @param temperatures temperatures of the soft part
 * @param passes whether the gradient is computed too; both are possible
 * @param heads sizes of linear heads, most important first
 * @param headDtypes dtypes of hidden states and weights
 * @param planShapes rows and classes for which every launch plan is timed
 */
public record GpuSuite(
    List<BatchShape> shapes,
    List<DType> dtypes,
    List<Double> temperatures,
    List<Passes> passes,
    List<HeadShape> heads,
    List<DType> headDtypes,
    List<BatchShape> planShapes) {

  /** The temperature of the losses that are compared with those of other libraries. */
  public static final double JUDGED_TEMPERATURE = 2;

  /** Names of all parts, in the order in which they run. */
  public static final List<String> PARTS =
      List.of("headline", "launch", "start", "head", "losses", "temperatures", "forward", "plans");

  /** The parts that measure a device; {@code plans} searches for better launch plans. */
  public static final List<String> JUDGING_PARTS = PARTS.subList(0, PARTS.indexOf("plans"));

  /** Time limit in seconds for the plans of one shape and dtype; the whole part then takes less than ten minutes. */
  public static final double PLAN_SECONDS = 18;

  /** The heads of an 8B model, of a distillation to a quarter of its width, and of a model with a larger vocabulary. */
  private static final List<HeadShape> WHOLE_HEADS =
      HeadShape.parseList("8192x4096x128256,8192x2048/4096x128256,4096x3584x151936");

  /** Heads that show within seconds that the part works. */
  public static final List<HeadShape> QUICK_HEADS = HeadShape.parseList("1024x1024x32000,1024x512/1024x32000");

  /** Heads over logits of the given shapes, for devices that are slower than a GPU. */
  public static List<HeadShape> narrow(List<BatchShape> logits) {
    return logits.stream().map(shape -> new HeadShape(shape.rows(), 32, 64, shape.classes())).toList();
  }

  /** The whole grid. */
  public static GpuSuite whole() {
    return new GpuSuite(
        BatchShape.parseList("8192x32000,4096x128256,4096x50304,2048x151936,2048x262144,16384x1000,65536x10"),
        List.of(DType.BF16, DType.F32, DType.F16), List.of(1.0, 2.0, 3.0, 4.0),
        List.of(Passes.FORWARD_BACKWARD, Passes.FORWARD), WHOLE_HEADS, List.of(DType.BF16),
        BatchShape.parseList("8192x32000,16384x1000,4096x128256,131072x100,4096x50304,32768x500,2048x262144,8192x4096,"
            + "2048x151936,65536x256,1048576x10,16384x2000,262144x32"));
  }

  /** The losses that other libraries compute too: forward KL + CE, CE, and JSD(0.5), at T = 2. */
  public static List<BenchLoss> compared() {
    return List.of(distillation(JUDGED_TEMPERATURE), BenchLoss.crossEntropy(), jensenShannon(JUDGED_TEMPERATURE));
  }

  /**
   * The plan of a run.
   *
   * @param parts names of {@link #PARTS}
   * @param planSeconds time limit for the plans of one shape and dtype, such as {@link #PLAN_SECONDS}
   */
  public BenchPlan plan(List<String> parts, double planSeconds) {
    List<BenchPlan.Part> chosen = new ArrayList<>();
    for (String name : PARTS) {
      if (parts.contains(name)) {
        chosen.add(part(name, planSeconds));
      }
    }
    return new BenchPlan(parts.equals(List.of("plans")) ? "gpu-plans" : "gpu", chosen);
  }

  private BenchPlan.Part part(String name, double planSeconds) {
    return switch (name) {
      case "headline" ->
          losses(name, List.of(distillation(JUDGED_TEMPERATURE)), Passes.FORWARD_BACKWARD,
              List.of(LaunchMode.values()));
      case "launch" ->
          new BenchPlan.LaunchCosts(name, List.of(LaunchCost.of(LaunchMode.EAGER), LaunchCost.of(LaunchMode.GRAPH)));
      case "start" -> new BenchPlan.FirstCalls(name);
      case "head" -> new BenchPlan.Heads(name, headDtypes.stream().flatMap(dtype -> heads.stream()
          .map(shape -> new HeadCase(distillation(JUDGED_TEMPERATURE), shape, dtype))).toList());
      case "losses" -> losses(name, others(), Passes.FORWARD_BACKWARD, List.of(LaunchMode.EAGER));
      case "temperatures" -> losses(name, distillations(false), Passes.FORWARD_BACKWARD, List.of(LaunchMode.EAGER));
      case "forward" -> {
        List<BenchLoss> all = new ArrayList<>(distillations(true));
        all.addAll(others());
        yield losses(name, all, Passes.FORWARD, List.of(LaunchMode.EAGER));
      }
      case "plans" -> plans(name, planSeconds);
      default -> throw new IllegalArgumentException("part '" + name + "', expected one of " + String.join(", ", PARTS));
    };
  }

  private BenchPlan.Losses losses(String name, List<BenchLoss> losses, Passes pass, List<LaunchMode> launchModes) {
    List<BenchmarkCase> cases = new ArrayList<>();
    if (passes.contains(pass)) {
      for (DType dtype : dtypes) {
        for (BatchShape shape : shapes) {
          for (BenchLoss loss : losses) {
            launchModes.forEach(launchMode -> cases.add(BenchmarkCase.of(loss, shape, dtype, pass, launchMode)));
          }
        }
      }
    }
    return new BenchPlan.Losses(name, cases);
  }

  /** F16 is left out if BF16 is measured, because elements of the same size have the same plans. */
  private BenchPlan.Plans plans(String name, double seconds) {
    BenchLoss loss = distillation(JUDGED_TEMPERATURE);
    List<BenchmarkCase> cases = dtypes.stream().filter(dtype -> dtype != DType.F16 || !dtypes.contains(DType.BF16))
        .flatMap(dtype -> planShapes.stream()
            .map(shape -> BenchmarkCase.eager(loss, shape, dtype, Passes.FORWARD_BACKWARD))).toList();
    return new BenchPlan.Plans(name, cases, seconds);
  }

  /** All losses but forward KL + CE. */
  private List<BenchLoss> others() {
    List<BenchLoss> losses = new ArrayList<>(List.of(BenchLoss.crossEntropy()));
    temperatures.forEach(t -> losses.add(jensenShannon(t)));
    temperatures.forEach(t -> losses.add(new BenchLoss(Objective.SOFT, Divergence.forwardKl(), t)));
    return losses;
  }

  private List<BenchLoss> distillations(boolean judgedToo) {
    return temperatures.stream().filter(t -> judgedToo || t != JUDGED_TEMPERATURE).map(GpuSuite::distillation).toList();
  }

  private static BenchLoss distillation(double temperature) {
    return new BenchLoss(Objective.BOTH, Divergence.forwardKl(), temperature);
  }

  private static BenchLoss jensenShannon(double temperature) {
    return new BenchLoss(Objective.SOFT, Divergence.jensenShannon(0.5), temperature);
  }
}

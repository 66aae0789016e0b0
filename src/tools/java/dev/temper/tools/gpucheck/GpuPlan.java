package dev.temper.tools.gpucheck;

import dev.temper.tools.verify.CaseGroup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The steps of each stage. Steps whose failure makes the others pointless come first. */
final class GpuPlan {

  /**
   * Groups for sanitizers, one for each kind of memory access; a sanitizer slows the cases down by a factor of 10 to
   * 100.
   */
  private static final String SANITIZED = "device-functions,dtypes,layouts,padding,clusters,labels,argmax";
  private static final String SMALL_SHAPES = "64x10,3x4099";

  /**
   * Number of processes of the grid. Most of its time is compilation in one thread, and a device fault ends the cases
   * of one process only.
   */
  private static final int GRID_PARTS = 6;

  /** Exit status of compute-sanitizer with findings, which no verb of Temper uses. */
  private static final int FOUND = 99;

  private final CheckEnvironment environment;
  private final List<CheckStep> steps = new ArrayList<>();

  private GpuPlan(CheckEnvironment environment) {
    this.environment = environment;
  }

  /** The steps of a stage; finds the programs and files that they need. */
  static List<CheckStep> of(CheckEnvironment environment, Stage stage) {
    GpuPlan plan = new GpuPlan(environment);
    switch (stage) {
      case SMOKE -> plan.smoke();
      case CORRECTNESS -> plan.correctness();
      case SANITIZE -> plan.sanitize();
      case RINGS -> plan.rings();
      case SPEED -> plan.speed();
      case PLANS -> plan.plans();
      case PEERS -> plan.peers();
    }
    return plan.steps;
  }

  private void smoke() {
    steps.add(step(Stage.SMOKE, "doctor", "driver, NVRTC and devices of the machine", 60,
        environment.temper("doctor", "--json")));
    steps.add(step(Stage.SMOKE, "device-functions", "each function of the header with inline PTX", 120,
        verify("--only", "device-functions")));
    steps.add(step(Stage.SMOKE, "losses", "a loss of every dtype", 150,
        verify("--quick", "--only", "forward-kl,dtypes")));
    steps.add(step(Stage.SMOKE, "clusters", "every cluster size", 150,
        environment.quick() ? verify("--quick", "--only", "clusters") : verify("--only", "clusters")));
  }

  private void correctness() {
    List<String> parts = environment.quick() ? List.of("goldens,rerun", "labels") : dealt();
    for (int i = 0; i < parts.size(); i++) {
      CheckStep part = step(Stage.CORRECTNESS, "verify-" + (i + 1), "part " + (i + 1) + " of " + parts.size()
          + " of the whole grid", 400, verify(environment.quick() ? "--quick" : "--full", "--only", parts.get(i)));
      steps.add(i == 0 ? part : part.withPrevious());
    }
    Path input = file("rerun.safetensors");
    Path first = file("rerun-first.safetensors");
    Path again = file("rerun-again.safetensors");
    steps.add(step(Stage.CORRECTNESS, "rerun-first", "a batch in a process of its own", 50, loss(input, first)));
    steps.add(step(Stage.CORRECTNESS, "rerun-again", "the same bytes in another process", 50, loss(input, again))
        .then(() -> difference(first, again)));
  }

  /** The groups of the grid, distributed over the parts. */
  private static List<String> dealt() {
    CaseGroup[] groups = CaseGroup.values();
    return IntStream.range(0, GRID_PARTS)
        .mapToObj(part -> IntStream.range(0, groups.length).filter(i -> i % GRID_PARTS == part)
        .mapToObj(i -> groups[i].id()).collect(Collectors.joining(","))).toList();
  }

  private void sanitize() {
    for (String tool : List.of("memcheck", "racecheck", "synccheck", "initcheck")) {
      int limit = tool.equals("memcheck") || tool.equals("racecheck") ? 200 : 80;
      steps.add(sanitizer(Stage.SANITIZE, tool, tool, limit, verify("--quick", "--only", SANITIZED)));
    }
  }

  /** A step that runs a command under a tool of compute-sanitizer. */
  private CheckStep sanitizer(Stage stage, String name, String tool, int limit, List<String> sanitized) {
    Optional<Path> sanitizer = CheckEnvironment.program("compute-sanitizer", System.getenv());
    String reason = !environment.isCuda() ? "compute-sanitizer watches a GPU, and the device is " + environment.device()
        : sanitizer.isEmpty() ? "no compute-sanitizer on the path, in CUDA_HOME or in /usr/local/cuda" : "";
    List<String> command = new ArrayList<>(List.of(sanitizer.map(Path::toString).orElse("compute-sanitizer"),
        "--tool", tool,
        "--target-processes", "all", "--error-exitcode", Integer.toString(FOUND), "--print-limit", "20",
        "--show-backtrace", "no", "--launch-timeout", "60", "--log-file", file(name + ".log").toString()));
    if (tool.equals("memcheck")) {
      // A driver error becomes an exception of Temper anyway, and some calls are expected to fail.
      command.addAll(List.of("--report-api-errors", "no"));
    }
    command.addAll(sanitized);
    return step(stage, name, "compute-sanitizer --tool " + tool, limit, command)
        .then(() -> findings(name)).unless(reason);
  }

  private void rings() {
    List<String> verify = environment.temperWithRings("verify", "--device", environment.device(), "--json");
    if (environment.quick()) {
      steps.add(step(Stage.RINGS, "ring-rows", "long rows in rings", 150, joined(verify, "--quick", "--only",
          "clusters")));
    } else {
      steps.add(step(Stage.RINGS, "ring-rows", "long rows in rings, several of them in each block", 150,
          joined(verify, "--full", "--only", "many-rows,clusters")));
      steps.add(step(Stage.RINGS, "ring-classes", "rows in rings of every length", 150,
          joined(verify, "--full", "--only", "classes")).withPrevious());
    }
    for (String tool : List.of("memcheck", "racecheck")) {
      steps.add(sanitizer(Stage.RINGS, "ring-" + tool, tool, 120, joined(verify, "--quick", "--only", "clusters")));
    }
    Path results = file("rings.json");
    steps.add(step(Stage.RINGS, "ring-bench", "times of long rows in rings", 190,
        small(joined(environment.temperWithRings("bench", "--suite", "gpu", "--parts", "headline", "--device",
            environment.device(), "--results", results.toString(), "--budget", "150")))).withDocument(results));
  }

  private static List<String> joined(List<String> command, String... arguments) {
    List<String> all = new ArrayList<>(command);
    all.addAll(List.of(arguments));
    return all;
  }

  private void speed() {
    Path results = file("suite.json");
    List<String> command = environment.temper("bench", "--suite", "gpu", "--device", environment.device(), "--results",
        results.toString(), "--outputs", file("outputs").toString(), "--budget", "500");
    if (environment.quick()) {
      command.addAll(List.of("--parts", "headline,launch,head"));
    }
    steps.add(step(Stage.SPEED, "bench", "copy rate, losses on a cold L2, launches, heads", 560, small(command))
        .withDocument(results));
  }

  private void plans() {
    Path results = file("plans.json");
    List<String> command = environment.temper("bench", "--suite", "gpu", "--parts", "plans", "--device",
        environment.device(), "--results", results.toString(), "--budget", "500");
    if (environment.quick()) {
      command.addAll(List.of("--dtype", "bf16"));
    }
    steps.add(step(Stage.PLANS, "plans", "every launch plan for rows, beside the chosen one", 560, small(command))
        .withDocument(results));
  }

  private void peers() {
    Optional<Path> python = CheckEnvironment.program("python3", System.getenv());
    Optional<Path> script = CheckEnvironment.script("peers.py");
    String reason = python.isEmpty() ? "no python3 on the path"
        : script.isEmpty() ? "no benchmarks/gpu/peers.py beside this program"
        : CheckEnvironment.missingModule(python.get(), "torch");
    Path results = file("peers.json");
    List<String> command = new ArrayList<>(List.of(python.map(Path::toString).orElse("python3"),
        script.map(Path::toString).orElse("peers.py"), "--device", environment.isCuda() ? "cuda" : "cpu", "--results",
        results.toString(), "--budget", "500"));
    if (Files.isDirectory(file("outputs"))) {
      command.addAll(List.of("--ours", file("outputs").toString()));
    }
    steps.add(step(Stage.PEERS, "peers", "PyTorch and others on the same numbers", 560, small(command))
        .withDocument(results)
        .unless(reason));
  }

  private CheckStep step(Stage stage, String name, String shows, int limitSeconds, List<String> command) {
    return CheckStep.of(stage, name, shows, limitSeconds, command, environment.folder());
  }

  private List<String> verify(String... arguments) {
    return joined(environment.temper("verify", "--device", environment.device(), "--json"), arguments);
  }

  private List<String> loss(Path input, Path output) {
    return environment.temper("loss", "--device", environment.device(), "--json", "--temperature", "2", "--soft-weight",
        "0.7", "--hard-weight", "0.3", "--input", input.toString(), "--output", output.toString());
  }

  private List<String> small(List<String> command) {
    List<String> all = new ArrayList<>(command);
    if (environment.quick()) {
      all.addAll(List.of("--quick", "--shapes", SMALL_SHAPES));
    }
    return all;
  }

  private Path file(String name) {
    return environment.folder().resolve(name);
  }

  private static String difference(Path first, Path again) {
    try {
      long at = Files.mismatch(first, again);
      return at < 0 ? "" : "the two processes' outputs differ from byte " + at + " on";
    } catch (IOException e) {
      return "the two outputs cannot be compared: " + e.getMessage();
    }
  }

  /** The tool's summary: the exit status is 0 even if the tool could not attach to the process. */
  private String findings(String name) {
    try {
      String log = Files.readString(file(name + ".log"));
      return log.contains("ERROR SUMMARY: 0 errors") || log.contains("RACECHECK SUMMARY: 0 hazards")
          ? "" : "its log does not end in a summary of 0: "
          + log.lines().reduce((_, last) -> last).orElse("it is empty");
    } catch (IOException e) {
      return "it left no log: " + e.getMessage();
    }
  }
}

package dev.temper.benchmarks;

import dev.temper.tools.bench.BatchShape;
import dev.temper.tools.bench.Measurement;
import dev.temper.tools.bench.ResultFile;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Results of one GPU: Temper's grid, and the peers on the same batches.
 *
 * @param own results of {@code temper bench --suite gpu} with the judged loss
 * @param further results of other runs of the suite, such as those of the part {@code losses}
 * @param peers results of {@code benchmarks/gpu/peers.py}; empty if it was not run
 */
record GpuResults(Results own, List<Results> further, Optional<Results> peers) {

  /** The loss by which everything is judged: half the forward KL at T = 2, half the cross-entropy. */
  static final Map<String, String> JUDGED = Map.of("loss", "forward-kl+ce", "temperature", "2.0");

  private static final String PASS = ".forwardBackward";

  /** The results in these files, if there are any of a GPU. */
  static Optional<GpuResults> of(List<ResultFile> files) {
    List<Results> runs = Results.all("gpu", files);
    return runs.stream().filter(run -> run.find(Results.TEMPER, JUDGED).isPresent()).findFirst()
        .or(() -> runs.stream().findFirst())
        .map(own ->
            new GpuResults(own, runs.stream().filter(run -> !run.equals(own)).toList(),
                Results.of("gpu-peers", files)));
  }

  /** Element types, in the order of the run. */
  Set<String> dtypes() {
    return own.values("dtype");
  }

  /** Shapes, from few classes to many. */
  List<String> shapes() {
    return own.values("shape").stream().filter(shape -> entry(shape, dtypes().iterator().next()).isPresent())
        .sorted(Comparator.comparingInt(shape -> BatchShape.parse(shape).classes())).toList();
  }

  /** Shapes at which a peer was timed with the judged loss in this dtype, from few classes to many. */
  List<String> peerShapes(String dtype) {
    List<String> peers = timedPeers();
    return shapes().stream().filter(shape -> peers.stream().anyMatch(peer -> peer(peer, shape, dtype).isPresent()))
        .toList();
  }

  /** Temper's loss and gradient of a batch, launched kernel by kernel. */
  Optional<Measurement> entry(String shape, String dtype) {
    return own.find(Results.TEMPER, with(shape, dtype, Map.of("launch", "eager")));
  }

  /** The same as a CUDA graph. */
  Optional<Measurement> graph(String shape, String dtype) {
    return own.find(Results.TEMPER, with(shape, dtype, Map.of("launch", "graph")));
  }

  /** Peers that were timed with the judged loss, in the order of the run. */
  List<String> timedPeers() {
    Set<String> names = new LinkedHashSet<>();
    peers.ifPresent(results -> results.file().entries().stream()
        .filter(entry -> entry.unit().equals("ms") && entry.benchmark().endsWith(PASS)
            && entry.parameters().entrySet().containsAll(JUDGED.entrySet()))
        .forEach(entry -> names.add(entry.benchmark().replace(PASS, ""))));
    return new ArrayList<>(names);
  }

  /** Everybody whose gradient was compared with f64, Temper first. */
  List<String> checked() {
    Set<String> names = new LinkedHashSet<>();
    peers.ifPresent(results -> results.file().entries().stream().map(Measurement::benchmark)
        .filter(name -> name.startsWith("GradientError."))
        .forEach(name -> names.add(name.substring(name.indexOf('.') + 1))));
    return new ArrayList<>(names);
  }

  /** A peer's loss and gradient of a batch. */
  Optional<Measurement> peer(String name, String shape, String dtype) {
    return peers.flatMap(results -> results.find(name + PASS, with(shape, dtype, Map.of())));
  }

  /** Distance of a gradient from f64 over its length, the median of the rows that were compared; NaN if it was not. */
  double gradientError(String name, String shape, String dtype) {
    return peers.map(results -> results.median("GradientError." + name, with(shape, dtype, Map.of())))
        .orElse(Double.NaN);
  }

  private static Map<String, String> with(String shape, String dtype, Map<String, String> more) {
    Map<String, String> parameters = new LinkedHashMap<>(JUDGED);
    parameters.put("shape", shape);
    parameters.put("dtype", dtype);
    parameters.putAll(more);
    return parameters;
  }
}

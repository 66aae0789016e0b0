package dev.temper.benchmarks;

import dev.temper.tools.bench.FirstCall;
import dev.temper.tools.bench.Measurement;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** Benchmarks that run together and whose results share a file. */
enum BenchmarkGroup {
  /** How far Temper's gradient and PyTorch's are from f64, on a batch of each shape: before any of them is timed. */
  ACCURACY {
    @Override
    List<ChainedOptionsBuilder> runs() {
      return List.of();
    }

    @Override
    List<Measurement> measured() {
      return Accuracy.entries(List.of(JUDGED));
    }
  },
  /** Temper and PyTorch on the same batches: the shapes that the project is judged by. */
  PEERS {
    @Override
    List<ChainedOptionsBuilder> runs() {
      return List.of(
          benchmark(TemperLoss.class).param("shape", JUDGED).param("dtype", "F32", "BF16").param("inputs", "MEMORY", "CACHE"),
          benchmark(TorchLoss.class).param("shape", JUDGED).param("dtype", "F32", "BF16").param("inputs", "MEMORY")
              .param("formula", "USUAL", "LOG_TARGET").param("allocator", "DEFAULT", "TUNED"),
          benchmark(TorchLoss.class).param("shape", JUDGED).param("dtype", "F32", "BF16").param("inputs", "CACHE")
              .param("formula", "USUAL").param("allocator", "TUNED"));
    }
  },
  /** Classes from 10 to 262,144 at about 2 million logits, by dtype. */
  CLASSES {
    @Override
    List<ChainedOptionsBuilder> runs() {
      return List.of(benchmark(TemperLoss.class).param("dtype", "F32", "BF16", "F16")
          .param("shape", "209715x10", "65536x32", "20971x100", "2097x1000", "512x4096", "64x32768", "16x131072", "8x262144"));
    }
  },
  /**
   * One thread against two, temperatures with and without the shortcut for the third exponential, divergences, and teachers that are
   * nearly or exactly the student.
   */
  SCALING {
    @Override
    List<ChainedOptionsBuilder> runs() {
      return List.of(
          benchmark(TemperLoss.class).param("shape", JUDGED).param("threads", "1", "2"),
          benchmark(TemperLoss.class).param("dtype", "F32", "BF16").param("temperature", "1.0", "2.0", "3.0", "4.0"),
          benchmark(TemperLoss.class).param("dtype", "F32", "BF16").param("divergence", "jsd:0.5"),
          benchmark(TemperLoss.class).param("dtype", "F32", "BF16").param("shape", "1024x1000", "256x32000").param("teacher", "NEAR", "EQUAL"));
    }
  },
  /** Highest resident memory beyond inputs and gradient, each in its own process. */
  MEMORY {
    @Override
    List<ChainedOptionsBuilder> runs() {
      return List.of(benchmark(PeakMemory.class).param("shape", JUDGED));
    }
  },
  /** Opening an engine and its first call, in a new process each. */
  FIRST_CALL {
    @Override
    List<ChainedOptionsBuilder> runs() {
      return List.of(benchmark(TorchFirstCall.class));
    }

    @Override
    List<Measurement> measured() throws IOException {
      return FirstCall.measure("cpu", () -> false);
    }
  },
  /** A batch of one row: what a call costs before it computes anything, and what it allocates on the Java heap. */
  CALL_COST {
    @Override
    List<ChainedOptionsBuilder> runs() {
      return List.of(
          benchmark(TemperLoss.class).param("shape", "1x10").param("inputs", "CACHE").param("threads", "1", "2"));
    }
  },
  /** What a launch costs the host of a GPU, and what it allocates on the Java heap. */
  DISPATCH {
    @Override
    List<ChainedOptionsBuilder> runs() {
      return List.of(benchmark(Dispatch.class).param("driver", DriverChoice.ofMachine().name()));
    }

    @Override
    List<String> notes() {
      return DriverChoice.ofMachine() == DriverChoice.NVIDIA ? List.of() : List.of("no NVIDIA driver here: a stub of it took the calls, its own"
          + " bookkeeping is in the times, and nothing ran on a GPU");
    }
  },
  /** Reading safetensors beside a plain mapping of the same file. */
  FILES {
    @Override
    List<ChainedOptionsBuilder> runs() {
      return List.of(benchmark(FileRead.class));
    }
  };

  private static final String[] JUDGED = {"4096x10", "1024x1000", "256x32000", "64x128256"};

  abstract List<ChainedOptionsBuilder> runs();

  /**
   * Measurements that JMH does not make.
   *
   * @throws IOException if a new process fails
   */
  List<Measurement> measured() throws IOException {
    return List.of();
  }

  /** What must be said of the numbers, one sentence each. */
  List<String> notes() {
    return List.of();
  }

  /** As the command line and file names write it. */
  String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static ChainedOptionsBuilder benchmark(Class<?> type) {
    return new OptionsBuilder().include("\\b" + type.getSimpleName() + "\\.").addProfiler(GCProfiler.class);
  }
}

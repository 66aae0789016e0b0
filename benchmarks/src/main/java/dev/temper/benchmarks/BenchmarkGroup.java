package dev.temper.benchmarks;

import dev.temper.tools.bench.FirstCall;
import dev.temper.tools.bench.Measurement;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** Benchmarks that run together and share a result file. */
enum BenchmarkGroup {
  /** Errors of Temper's and PyTorch's gradients against f64, on a batch of each shape. */
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
  /** Temper and PyTorch on the same batches. */
  PEERS {
    @Override
    List<ChainedOptionsBuilder> runs() {
      return List.of(
          benchmark(TemperLoss.class).param("shape", JUDGED).param("dtype", "F32", "BF16")
          .param("inputs", "MEMORY", "CACHE"),
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
          .param("shape", "209715x10", "65536x32", "20971x100", "2097x1000", "512x4096", "64x32768", "16x131072",
              "8x262144"));
    }
  },
  /**
   * One thread and two, temperatures with and without reuse of the CE exponential, divergences, and teachers that
   * nearly or exactly equal the student.
   */
  SCALING {
    @Override
    List<ChainedOptionsBuilder> runs() {
      return List.of(
          benchmark(TemperLoss.class).param("shape", JUDGED).param("threads", "1", "2"),
          benchmark(TemperLoss.class).param("dtype", "F32", "BF16").param("temperature", "1.0", "2.0", "3.0", "4.0"),
          benchmark(TemperLoss.class).param("dtype", "F32", "BF16").param("divergence", "jsd:0.5"),
          benchmark(TemperLoss.class).param("dtype", "F32", "BF16").param("shape", "1024x1000", "256x32000")
          .param("teacher", "NEAR", "EQUAL"));
    }
  },
  /** Peak resident memory beyond inputs and gradient, each in its own process. */
  MEMORY {
    @Override
    List<ChainedOptionsBuilder> runs() {
      return List.of(benchmark(PeakMemory.class).param("shape", JUDGED));
    }
  },
  /** Hidden states to gradients, beside the products alone and PyTorch's linear layers; time and peak memory. */
  HEAD {
    @Override
    List<ChainedOptionsBuilder> runs() {
      return List.of(
          benchmark(TemperHead.class).param("dtype", "F32", "BF16"),
          benchmark(TorchHead.class).param("dtype", "F32").param("formula", "USUAL", "LOG_TARGET"),
          benchmark(PeakHead.class));
    }
  },
  /** The first call, each in a new process. */
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
  /** The overhead of a call, in time and bytes of the Java heap, on a batch of one row. */
  CALL_COST {
    @Override
    List<ChainedOptionsBuilder> runs() {
      return List.of(
          benchmark(TemperLoss.class).param("shape", "1x10").param("inputs", "CACHE").param("threads", "1", "2"));
    }
  },
  /** The host's cost of a launch on a GPU, in time and bytes of the Java heap. */
  DISPATCH {
    @Override
    List<ChainedOptionsBuilder> runs() {
      return List.of(benchmark(Dispatch.class).param("driver", DriverChoice.ofMachine().name()));
    }

    @Override
    List<String> notes() {
      return DriverChoice.ofMachine() == DriverChoice.NVIDIA ? List.of()
          : List.of("no NVIDIA driver here: a stub of the"
          + " driver was called, the times include its bookkeeping, and nothing ran on a GPU");
    }
  },
  /** Reading a safetensors file, and mapping the same file. */
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

  /** Notes on the measurements, one sentence each. */
  List<String> notes() {
    return List.of();
  }

  /** The name on the command line and in file names. */
  String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static ChainedOptionsBuilder benchmark(Class<?> type) {
    return new OptionsBuilder().include("\\b" + type.getSimpleName() + "\\.").addProfiler(GCProfiler.class);
  }
}

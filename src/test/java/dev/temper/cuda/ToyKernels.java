package dev.temper.cuda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/** Small kernels over {@code struct { float* values; int count; float addend; }}, as the stub driver loads them. */
final class ToyKernels {

  private static final String SOURCE = """
      #include "cuda_host.h"
      struct Parameters { float* values; int count; float addend; };
      static void add(const Parameters p) {
        for (int i = threadIdx.x + blockIdx.x * blockDim.x; i < p.count; i += blockDim.x * gridDim.x)
          p.values[i] += p.addend;
      }
      static void fails(const Parameters p) {
        if (threadIdx.x == 3) cuda_host::fail("%d values were too many", p.count);
      }
      static void shares(const Parameters p) {
        float* shared = reinterpret_cast<float*>(cuda_host::dynamic_shared());
        shared[cuda_host::dynamic_shared_bytes() / 4 - 1 - threadIdx.x] = p.addend;
        p.values[threadIdx.x] = shared[cuda_host::dynamic_shared_bytes() / 4 - 1 - threadIdx.x];
      }
      static void gathers(const Parameters p) { p.values[cuda_host::cluster_rank()] = cuda_host::cluster_size(); }
      CUDA_HOST_LAUNCHER(add, Parameters)
      CUDA_HOST_LAUNCHER(fails, Parameters)
      CUDA_HOST_LAUNCHER(shares, Parameters)
      CUDA_HOST_LAUNCHER(gathers, Parameters)
      CUDA_HOST_CLUSTER(gathers, 16)
      """;

  private ToyKernels() {}

  /** A module's code. */
  static byte[] code() {
    Path folder = Path.of("target", "cuda-stub");
    Path object = folder.resolve("toys.so");
    try {
      Path source = folder.resolve("toys.cpp");
      if (!Files.exists(object) || !Files.readString(source).equals(SOURCE)) {
        StubDriver.compile(Files.writeString(source, SOURCE), object);
      }
      return Files.readAllBytes(object);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static MemorySegment parameters(Arena arena, long values, int count, float addend) {
    MemorySegment parameters = arena.allocate(16, 8);
    parameters.set(ValueLayout.JAVA_LONG, 0, values);
    parameters.set(ValueLayout.JAVA_INT, 8, count);
    parameters.set(ValueLayout.JAVA_FLOAT, 12, addend);
    return parameters;
  }
}

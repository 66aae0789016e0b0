package dev.temper.benchmarks;

import dev.temper.DType;
import dev.temper.HostMatrix;
import dev.temper.io.SafetensorsFile;
import dev.temper.io.Tensor;
import dev.temper.tools.bench.BatchMemory;
import dev.temper.tools.bench.BatchRing;
import dev.temper.tools.bench.BatchShape;
import dev.temper.io.SafetensorsWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Opens a safetensors file of two matrices, reads every byte and closes it; a plain mapping of the same file is the
 * baseline. The file is in the system's page cache, so that the disk is not timed.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 1, time = 1)
@Measurement(iterations = 2, time = 1)
@Fork(1)
public class FileRead {

  @Param("1024x32000") String shape;

  private Path file;

  /** Bytes read by one call. */
  static long bytes(String shape) {
    return 2 * BatchShape.parse(shape).matrixBytes(DType.F32);
  }

  @Setup
  public void write() throws IOException {
    file = Files.createTempFile("temper-benchmark", ".safetensors");
    try (BatchMemory memory = BatchMemory.of(Arena.ofShared())) {
      var batch = BatchRing.warm(memory, BatchShape.parse(shape), DType.F32).next();
      SafetensorsWriter.write(file, List.of(tensor("student", (HostMatrix) batch.student()),
          tensor("teacher", (HostMatrix) batch.teacher())));
    }
  }

  @TearDown
  public void delete() throws IOException {
    Files.delete(file);
  }

  @Benchmark
  public long safetensors() throws IOException {
    try (SafetensorsFile opened = SafetensorsFile.open(file)) {
      return sum(opened.tensor("student").data()) + sum(opened.tensor("teacher").data());
    }
  }

  @Benchmark
  public long plainMapping() throws IOException {
    try (Arena arena = Arena.ofShared(); FileChannel channel = FileChannel.open(file)) {
      return sum(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
    }
  }

  private static long sum(MemorySegment bytes) {
    long sum = 0;
    for (long at = 0; at + Long.BYTES <= bytes.byteSize(); at += Long.BYTES) {
      sum += bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
    }
    return sum;
  }

  private static Tensor tensor(String name, HostMatrix matrix) {
    return new Tensor(name, matrix.dtype(), List.of(matrix.rows(), (long) matrix.classes()), matrix.segment());
  }
}

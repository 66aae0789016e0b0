package dev.temper.cpu;

import dev.temper.Divergence;
import dev.temper.EngineUnavailableException;
import dev.temper.HostMatrix;
import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.TopKLists;
import dev.temper.cpu.blas.OpenBlasProducts;
import dev.temper.spi.Capabilities;
import dev.temper.spi.EngineBackend;
import dev.temper.spi.HostRows;
import dev.temper.spi.LossCall;
import dev.temper.spi.Products;
import dev.temper.spi.Support;
import dev.temper.spi.TeacherLists;
import dev.temper.spi.layout.BatchReport;
import dev.temper.spi.layout.DivergencePolicy;
import dev.temper.spi.layout.LossParameters;
import dev.temper.spi.layout.LossParameters.Field;
import dev.temper.spi.layout.ParameterBlock;
import dev.temper.spi.layout.PrimitiveParameters;
import dev.temper.spi.layout.ReportReader;
import dev.temper.spi.layout.PrimitiveParameters.Primitive;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Owns one engine of the native library: its instruction set, its threads and their scratch memory. */
final class CpuEngine implements EngineBackend {

  private final CpuLibrary library = CpuLibrary.instance();
  private final MemorySegment handle;
  private final String description;
  private final int threads;
  private final Map<String, Integer> places = new ConcurrentHashMap<>();

  private CpuEngine(String instructionSet, int threads) {
    handle = library.create(instructionSet, threads);
    if (handle.equals(MemorySegment.NULL)) {
      throw new EngineUnavailableException("the CPU engine could not start " + threads
          + " threads; give it fewer with EngineOptions.withThreads");
    }
    description = describe(instructionSet, threads);
    this.threads = threads;
  }

  static CpuEngine open(String instructionSet, int threads) {
    return new CpuEngine(instructionSet, threads);
  }

  static String describe(String instructionSet, int threads) {
    String name = switch (instructionSet) {
      case "avx512" -> "AVX-512";
      case "avx2" -> "AVX2";
      default -> instructionSet + " instructions";
    };
    return "cpu (" + name + ", " + threads + (threads == 1 ? " thread)" : " threads)");
  }

  @Override
  public String describe() {
    return description;
  }

  @Override
  public Support supports(LossCall call) {
    return Capabilities.all().check(call);
  }

  @Override
  public LossResult compute(LossCall call) {
    try (Arena arena = Arena.ofConfined()) {
      LossParameters parameters = new LossParameters(arena.allocate(LossParameters.LAYOUT));
      parameters.write(call);
      if (call.usesTeacher()) {
        parameters.setInt(Field.DIVERGENCE, divergence(call.loss().divergence()));
      }
      MemorySegment report = arena.allocate(BatchReport.LAYOUT);
      if (library.loss(handle, parameters.block(), report, TensorSegments.of(call)) != 0) {
        throw new IllegalStateException(
            "the cpu engine found no memory for five rows of " + call.classes() + " floats per thread");
      }
      LossTotals totals = ReportReader.totals(call, report, new HostValues());
      return () -> totals;
    }
  }

  @Override
  public Products products() {
    return OpenBlasProducts.open(threads);
  }

  private int divergence(Divergence divergence) {
    return places.computeIfAbsent(DivergencePolicy.of(divergence).name(), library::divergence);
  }

  /** The values in host memory that an error quotes. */
  private static final class HostValues implements ReportReader.Values {

    @Override
    public long label(RowVector labels, long row) {
      return HostRows.label((RowVector.Host) labels, row);
    }

    @Override
    public TeacherLists lists(TeacherLists lists) {
      return lists;
    }

    @Override
    public HostMatrix row(MatrixView matrix, long row) {
      return (HostMatrix) matrix.rows(row, row + 1);
    }

    @Override
    public RowVector.Host vector(RowVector vector) {
      return (RowVector.Host) vector;
    }

    @Override
    public float value(RowVector values, long row) {
      return HostRows.value((RowVector.Host) values, row);
    }
  }

  @Override
  public void logSoftmax(MatrixView logits, double temperature, MatrixView output) {
    run(Primitive.LOG_SOFTMAX, logits, temperature, null, output, null);
  }

  @Override
  public void logSoftmaxBackward(MatrixView logits, double temperature, MatrixView upstream, MatrixView output) {
    run(Primitive.LOG_SOFTMAX_BACKWARD, logits, temperature, upstream, output, null);
  }

  @Override
  public void softmax(MatrixView logits, MatrixView output) {
    run(Primitive.SOFTMAX, logits, 1, null, output, null);
  }

  @Override
  public void argmax(MatrixView logits, RowVector output) {
    run(Primitive.ARGMAX, logits, 1, null, null, output);
  }

  @Override
  public void topK(MatrixView logits, TopKLists into) {
    requireMemory(library.topK(handle, (HostMatrix) logits, ParameterBlock.code(logits.dtype()), into));
  }

  private void run(Primitive primitive, MatrixView logits, double temperature, @Nullable MatrixView upstream,
      @Nullable MatrixView output, @Nullable RowVector indices) {
    try (Arena arena = Arena.ofConfined()) {
      PrimitiveParameters parameters = new PrimitiveParameters(arena.allocate(PrimitiveParameters.LAYOUT));
      parameters.write(primitive, logits, temperature, upstream, output, indices);
      MemorySegment target = indices != null ? TensorSegments.segment(indices) : TensorSegments.segment(output);
      requireMemory(library.primitive(
          handle, parameters.block(), TensorSegments.segment(logits), TensorSegments.segment(upstream), target));
    }
  }

  private static void requireMemory(int code) {
    if (code != 0) {
      throw new IllegalStateException("the cpu engine found no memory for its threads");
    }
  }

  @Override
  public void close() {
    library.destroy(handle);
  }
}

package dev.temper.cpu;

import dev.temper.EngineUnavailableException;
import dev.temper.HostMatrix;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.cpu.PrimitiveStruct.Kind;
import dev.temper.spi.EngineBackend;
import dev.temper.spi.LossCall;
import dev.temper.spi.Support;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Owns one engine of the native library: its instruction set, its threads and their scratch memory. */
final class CpuEngine implements EngineBackend {

  private final CpuLibrary library = CpuLibrary.instance();
  private final MemorySegment handle;
  private final String description;

  private CpuEngine(String instructionSet, int threads) {
    handle = library.create(instructionSet, threads);
    if (handle.equals(MemorySegment.NULL)) {
      throw new EngineUnavailableException("the CPU engine could not start " + threads + " threads; ask for fewer");
    }
    description = describe(instructionSet, threads);
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
    return CpuSupport.of(call);
  }

  @Override
  public LossResult compute(LossCall call) {
    LossInputs inputs = call.inputs();
    LossOutputs outputs = call.outputs();
    MatrixView statistics = call.savedStatistics() != null ? call.savedStatistics() : call.statistics();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment parameters = arena.allocate(LossStruct.LAYOUT);
      LossStruct.write(call, parameters);
      int status = library.loss(handle, parameters, segment(inputs.student()),
          call.usesTeacher() ? segment(call.teacherLogits()) : MemorySegment.NULL, segment(outputs.gradient()),
          segment(inputs.labels()),
          segment(inputs.rowWeights()), segment(inputs.rowTemperatures()), segment(outputs.rowSoft()),
          segment(outputs.rowHard()),
          segment(statistics));
      LossTotals totals = LossStruct.read(call, parameters, status);
      return () -> totals;
    }
  }

  @Override
  public void logSoftmax(MatrixView logits, double temperature, MatrixView output) {
    map(Kind.LOG_SOFTMAX, logits, temperature, logits, output);
  }

  @Override
  public void logSoftmaxBackward(MatrixView logits, double temperature, MatrixView upstream, MatrixView output) {
    map(Kind.LOG_SOFTMAX_BACKWARD, logits, temperature, upstream, output);
  }

  @Override
  public void softmax(MatrixView logits, MatrixView output) {
    map(Kind.SOFTMAX, logits, 1, logits, output);
  }

  @Override
  public void argmax(MatrixView logits, RowVector output) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment parameters = arena.allocate(PrimitiveStruct.LAYOUT);
      PrimitiveStruct.writeArgmax(logits, output.dtype().bytes(), parameters);
      run(parameters, segment(logits), MemorySegment.NULL, segment(output));
    }
  }

  private void map(Kind kind, MatrixView logits, double temperature, MatrixView upstream, MatrixView output) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment parameters = arena.allocate(PrimitiveStruct.LAYOUT);
      PrimitiveStruct.write(kind, logits, temperature, upstream, output, parameters);
      run(parameters, segment(logits), segment(upstream), segment(output));
    }
  }

  private void run(MemorySegment parameters, MemorySegment input, MemorySegment upstream, MemorySegment output) {
    if (library.primitive(handle, parameters, input, upstream, output) != 0) {
      throw new IllegalStateException("the cpu engine found no memory for its threads");
    }
  }

  @Override
  public void close() {
    library.destroy(handle);
  }

  private static MemorySegment segment(@Nullable MatrixView matrix) {
    return matrix == null ? MemorySegment.NULL : ((HostMatrix) matrix).segment();
  }

  private static MemorySegment segment(@Nullable RowVector vector) {
    return vector == null ? MemorySegment.NULL : ((RowVector.Host) vector).segment();
  }
}

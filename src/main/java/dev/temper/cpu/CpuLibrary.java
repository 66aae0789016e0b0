package dev.temper.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.temper.EngineUnavailableException;
import dev.temper.HostMatrix;
import dev.temper.TopKLists;
import dev.temper.ffm.Downcalls;
import dev.temper.ffm.LibraryLoadException;
import dev.temper.ffm.SharedLibrary;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Collections;
import org.jspecify.annotations.Nullable;

/** Binds the functions of libtemper_cpu. The library is loaded once per process. */
final class CpuLibrary {

  private static @Nullable CpuLibrary loaded;

  private final MethodHandle create;
  private final MethodHandle destroy;
  private final MethodHandle variant;
  private final MethodHandle divergence;
  // Each function is bound twice. Java arrays need a critical call, which blocks the garbage collector until it
  // returns.
  private final MethodHandle loss;
  private final MethodHandle lossOverArrays;
  private final MethodHandle primitive;
  private final MethodHandle primitiveOverArrays;
  private final MethodHandle topK;
  private final MethodHandle topKOverArrays;

  private CpuLibrary(SharedLibrary library) throws LibraryLoadException {
    create = library.function("temper_cpu_create", FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT));
    destroy = library.function("temper_cpu_destroy", FunctionDescriptor.ofVoid(ADDRESS));
    variant = library.function("temper_cpu_variant", FunctionDescriptor.of(ADDRESS, ADDRESS));
    divergence = library.function("temper_cpu_divergence", FunctionDescriptor.of(JAVA_INT, ADDRESS));
    Linker.Option overArrays = Linker.Option.critical(true);
    FunctionDescriptor lossOf = addresses(3 + TensorSegments.COUNT);
    loss = spread(library.function("temper_cpu_loss", lossOf));
    lossOverArrays = spread(library.function("temper_cpu_loss", lossOf, overArrays));
    primitive = library.function("temper_cpu_primitive", addresses(5));
    primitiveOverArrays = library.function("temper_cpu_primitive", addresses(5), overArrays);
    FunctionDescriptor topKOf = FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_INT,
        JAVA_INT, JAVA_INT, JAVA_DOUBLE, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS);
    topK = library.function("temper_cpu_top_k", topKOf);
    topKOverArrays = library.function("temper_cpu_top_k", topKOf, overArrays);
  }

  /**
   * Returns the loaded library and loads it at the first call.
   *
   * @throws EngineUnavailableException if no library exists for this platform, or if the library cannot be loaded; the
   *     next call tries again
   */
  static synchronized CpuLibrary instance() {
    CpuLibrary library = loaded;
    if (library == null) {
      library = load();
      loaded = library;
    }
    return library;
  }

  private static CpuLibrary load() {
    String named = System.getProperty(CpuEngineProvider.LIBRARY_PROPERTY, "");
    if (!named.isEmpty()) {
      return load(named + " (property " + CpuEngineProvider.LIBRARY_PROPERTY + ")", Path.of(named));
    }
    try {
      return PackedLibrary.use(file -> load("the packed library", file));
    } catch (IOException e) {
      throw notLoaded("the packed library", e);
    }
  }

  static CpuLibrary load(String described, Path file) {
    try {
      return new CpuLibrary(SharedLibrary.open(file.toAbsolutePath().toString()));
    } catch (LibraryLoadException e) {
      throw notLoaded(described, e);
    }
  }

  private static EngineUnavailableException notLoaded(String described, Exception reason) {
    return new EngineUnavailableException("no CPU engine: " + described + " cannot be loaded: " + reason.getMessage());
  }

  /** Creates an engine. The result is NULL if memory or threads are not available. */
  MemorySegment create(String instructionSet, int threads) {
    try (Arena arena = Arena.ofConfined()) {
      return (MemorySegment) create.invokeExact(arena.allocateFrom(instructionSet), threads);
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  void destroy(MemorySegment engine) {
    try {
      destroy.invokeExact(engine);
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  /**
   * Returns the instruction set for a name, or an empty string if this processor lacks it. The empty name stands for
   * the best instruction set.
   */
  String instructionSet(String name) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment found = (MemorySegment) variant.invokeExact(arena.allocateFrom(name));
      return found.equals(MemorySegment.NULL) ? "" : found.reinterpret(32).getString(0);
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  /** Returns the place of a policy in the list of divergences. */
  int divergence(String policy) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) divergence.invokeExact(arena.allocateFrom(policy));
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  /** Computes a loss and returns 0, or 1 if memory is refused. The tensors stay allocated during the call. */
  int loss(MemorySegment engine, MemorySegment parameters, MemorySegment report, TensorSegments tensors) {
    MemorySegment[] segments = tensors.segments();
    try {
      return anyArray(segments) ? (int) lossOverArrays.invokeExact(engine, parameters, report, segments)
          : (int) loss.invokeExact(engine, parameters, report, segments);
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  /** Computes a primitive and returns the status. */
  int primitive(MemorySegment engine, MemorySegment parameters, MemorySegment input, MemorySegment upstream,
      MemorySegment output) {
    try {
      return anyArray(input, upstream, output)
          ? (int) primitiveOverArrays.invokeExact(engine, parameters, input, upstream, output)
          : (int) primitive.invokeExact(engine, parameters, input, upstream, output);
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  /** Makes lists and returns 0, or 1 if memory is refused. */
  int topK(MemorySegment engine, HostMatrix logits, int dtype, TopKLists into) {
    MemorySegment from = logits.segment();
    MemorySegment ids = TensorSegments.segment(into.ids().values());
    MemorySegment logs = TensorSegments.segment(into.logProbabilities());
    MemorySegment logSumExp = TensorSegments.segment(into.logSumExp());
    MemorySegment mass = TensorSegments.segment(into.mass());
    MemorySegment logTail = TensorSegments.segment(into.logTail());
    int k = into.ids().k();
    try {
      return anyArray(from, ids, logs, logSumExp, mass, logTail)
          ? (int) topKOverArrays.invokeExact(engine, from, logits.rows(), logits.rowStride(), logits.classes(), dtype,
              k, into.temperature(), ids, logs, logSumExp, mass, logTail)
          : (int) topK.invokeExact(engine, from, logits.rows(), logits.rowStride(), logits.classes(), dtype,
              k, into.temperature(), ids, logs, logSumExp, mass, logTail);
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  private static boolean anyArray(MemorySegment... segments) {
    for (MemorySegment segment : segments) {
      if (!segment.isNative()) {
        return true;
      }
    }
    return false;
  }

  /** Passes the tensors of a loss as an array. */
  private static MethodHandle spread(MethodHandle function) {
    return function.asSpreader(MemorySegment[].class, TensorSegments.COUNT);
  }

  private static FunctionDescriptor addresses(int count) {
    return FunctionDescriptor.of(JAVA_INT, Collections.nCopies(count, ADDRESS).toArray(MemoryLayout[]::new));
  }
}

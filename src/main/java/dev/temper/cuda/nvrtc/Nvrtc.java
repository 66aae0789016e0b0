package dev.temper.cuda.nvrtc;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.temper.ffm.CString;
import dev.temper.ffm.Downcalls;
import dev.temper.ffm.LibraryLoadException;
import dev.temper.ffm.SharedLibrary;
import dev.temper.kernel.code.KernelSource;
import dev.temper.kernel.plan.Architecture;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * The functions of libnvrtc that this library calls. Their signatures are the same in CUDA 12 and 13. Several threads
 * may compile at once, because each compilation has its own NVRTC program.
 */
public final class Nvrtc {

  private static final int SUCCESS = 0;
  private static final int COMPILATION_ERROR = 6;
  /** Type of the functions that take two pointers. */
  private static final FunctionDescriptor TWO_POINTERS = FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS);

  private final MethodHandle getErrorString;
  private final MethodHandle createProgram;
  private final MethodHandle destroyProgram;
  private final MethodHandle compileProgram;
  private final MethodHandle getLogSize;
  private final MethodHandle getLog;
  private final MethodHandle getCubinSize;
  private final MethodHandle getCubin;
  private final MethodHandle getPtxSize;
  private final MethodHandle getPtx;
  private final int majorVersion;
  private final int minorVersion;
  private final List<Architecture> architectures;

  /**
   * Binds the functions and reads version and architectures.
   *
   * @throws LibraryLoadException if a function is missing
   * @throws NvrtcFailedException if a function fails
   */
  Nvrtc(SharedLibrary library) throws LibraryLoadException {
    getErrorString = library.function("nvrtcGetErrorString", FunctionDescriptor.of(CString.POINTER, JAVA_INT));
    createProgram = library.function("nvrtcCreateProgram",
        FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_INT, ADDRESS, ADDRESS));
    destroyProgram = library.function("nvrtcDestroyProgram", FunctionDescriptor.of(JAVA_INT, ADDRESS));
    compileProgram = library.function("nvrtcCompileProgram",
        FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, ADDRESS));
    getLogSize = library.function("nvrtcGetProgramLogSize", TWO_POINTERS);
    getLog = library.function("nvrtcGetProgramLog", TWO_POINTERS);
    getCubinSize = library.function("nvrtcGetCUBINSize", TWO_POINTERS);
    getCubin = library.function("nvrtcGetCUBIN", TWO_POINTERS);
    getPtxSize = library.function("nvrtcGetPTXSize", TWO_POINTERS);
    getPtx = library.function("nvrtcGetPTX", TWO_POINTERS);
    MethodHandle version = library.function("nvrtcVersion", TWO_POINTERS);
    MethodHandle count = library.function("nvrtcGetNumSupportedArchs", FunctionDescriptor.of(JAVA_INT, ADDRESS));
    MethodHandle list = library.function("nvrtcGetSupportedArchs", FunctionDescriptor.of(JAVA_INT, ADDRESS));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment two = arena.allocate(JAVA_INT, 2);
      require("nvrtcVersion", (int) version.invokeExact(two, two.asSlice(JAVA_INT.byteSize())));
      majorVersion = two.getAtIndex(JAVA_INT, 0);
      minorVersion = two.getAtIndex(JAVA_INT, 1);
      require("nvrtcGetNumSupportedArchs", (int) count.invokeExact(two));
      MemorySegment numbers = arena.allocate(JAVA_INT, two.get(JAVA_INT, 0));
      require("nvrtcGetSupportedArchs", (int) list.invokeExact(numbers));
      architectures = Arrays.stream(numbers.toArray(JAVA_INT)).sorted().mapToObj(Architecture::ofNumber).toList();
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  int majorVersion() {
    return majorVersion;
  }

  int minorVersion() {
    return minorVersion;
  }

  /** The architectures that it compiles for, ascending. */
  List<Architecture> architectures() {
    return architectures;
  }

  /**
   * Compiles.
   *
   * @param kernel name of the kernel in messages
   * @throws KernelCompileException if the source has an error
   * @throws NvrtcFailedException if the library cannot compile
   */
  CompiledKernel compile(String kernel, KernelSource source, List<String> options, Target target) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment handle = arena.allocate(ADDRESS);
      MemorySegment names = strings(arena, source.headers().keySet());
      MemorySegment texts = strings(arena, source.headers().values());
      require("nvrtcCreateProgram", (int) createProgram.invokeExact(handle, arena.allocateFrom(source.text()),
          arena.allocateFrom(source.file()), source.headers().size(), texts, names));
      MemorySegment program = handle.get(ADDRESS, 0);
      try {
        int status = (int) compileProgram.invokeExact(program, options.size(), strings(arena, options));
        String log = text(read(arena, program, getLogSize, getLog));
        if (status == COMPILATION_ERROR) {
          throw new KernelCompileException(kernel, source, options, log);
        }
        if (status != SUCCESS) {
          throw failure("nvrtcCompileProgram", status, log);
        }
        byte[] code = switch (target.form()) {
          case CUBIN -> read(arena, program, getCubinSize, getCubin);
          case PTX -> read(arena, program, getPtxSize, getPtx);
        };
        return new CompiledKernel(target, code, log, false);
      } finally {
        int ignored = (int) destroyProgram.invokeExact(handle);
      }
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  private byte[] read(Arena arena, MemorySegment program, MethodHandle size, MethodHandle content) throws Throwable {
    MemorySegment bytes = arena.allocate(JAVA_LONG);
    require("nvrtcGet...Size", (int) size.invokeExact(program, bytes));
    MemorySegment buffer = arena.allocate(Math.max(1, bytes.get(JAVA_LONG, 0)));
    require("nvrtcGet...", (int) content.invokeExact(program, buffer));
    return buffer.toArray(JAVA_BYTE);
  }

  /** The text without the zero byte at its end. */
  private static String text(byte[] bytes) {
    return new String(bytes, 0, bytes.length - 1, StandardCharsets.UTF_8).strip();
  }

  private static MemorySegment strings(Arena arena, Collection<String> texts) {
    MemorySegment array = arena.allocate(ADDRESS, Math.max(1, texts.size()));
    long index = 0;
    for (String text : texts) {
      array.setAtIndex(ADDRESS, index++, arena.allocateFrom(text));
    }
    return array;
  }

  private void require(String function, int status) {
    if (status != SUCCESS) {
      throw failure(function, status, "");
    }
  }

  private NvrtcFailedException failure(String function, int status, String log) {
    try {
      MemorySegment name = (MemorySegment) getErrorString.invokeExact(status);
      return new NvrtcFailedException(function, majorVersion + "." + minorVersion, status, name.getString(0), log);
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }
}

package dev.temper.cuda.cublas;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.temper.ffm.CString;
import dev.temper.ffm.Downcalls;
import dev.temper.ffm.LibraryLoadException;
import dev.temper.ffm.SharedLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * cuBLAS through the foreign function interface. The signatures are the same in versions 12 and 13. Device addresses
 * and handles are pointers in C and numbers here.
 */
final class ForeignCublas implements CublasFunctions {

  private final MethodHandle create;
  private final MethodHandle destroy;
  private final MethodHandle setStream;
  private final MethodHandle setWorkspace;
  private final MethodHandle setMathMode;
  private final MethodHandle setPointerMode;
  private final MethodHandle gemmEx;
  private final MethodHandle getStatusString;

  /**
   * Binds the functions.
   *
   * @throws LibraryLoadException if one is missing
   */
  ForeignCublas(SharedLibrary library) throws LibraryLoadException {
    create = bind(library, "cublasCreate_v2", ADDRESS);
    destroy = bind(library, "cublasDestroy_v2", JAVA_LONG);
    setStream = bind(library, "cublasSetStream_v2", JAVA_LONG, JAVA_LONG);
    setWorkspace = bind(library, "cublasSetWorkspace_v2", JAVA_LONG, JAVA_LONG, JAVA_LONG);
    setMathMode = bind(library, "cublasSetMathMode", JAVA_LONG, JAVA_INT);
    setPointerMode = bind(library, "cublasSetPointerMode_v2", JAVA_LONG, JAVA_INT);
    gemmEx = bind(library, "cublasGemmEx", JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG,
        JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT,
        JAVA_INT, JAVA_INT);
    getStatusString =
        library.function("cublasGetStatusString", FunctionDescriptor.of(CString.POINTER, JAVA_INT));
  }

  private static MethodHandle bind(SharedLibrary library, String function, MemoryLayout... parameters)
      throws LibraryLoadException {
    return library.function(function, FunctionDescriptor.of(JAVA_INT, parameters));
  }

  @Override
  public String binding() {
    return "FFM";
  }

  @Override
  public int create(long[] handle) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment made = arena.allocate(JAVA_LONG);
      int status = (int) create.invokeExact(made);
      handle[0] = made.get(JAVA_LONG, 0);
      return status;
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  @Override
  public int destroy(long handle) {
    try {
      return (int) destroy.invokeExact(handle);
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  @Override
  public int setStream(long handle, long stream) {
    try {
      return (int) setStream.invokeExact(handle, stream);
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  @Override
  public int setWorkspace(long handle, long address, long bytes) {
    try {
      return (int) setWorkspace.invokeExact(handle, address, bytes);
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  @Override
  public int setMathMode(long handle, int mode) {
    try {
      return (int) setMathMode.invokeExact(handle, mode);
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  @Override
  public int setPointerMode(long handle, int mode) {
    try {
      return (int) setPointerMode.invokeExact(handle, mode);
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  @Override
  public int multiply(long handle, Gemm gemm) {
    Gemm.Matrix a = gemm.a();
    Gemm.Matrix b = gemm.b();
    Gemm.Matrix c = gemm.c();
    try {
      return (int) gemmEx.invokeExact(handle, a.operation(), b.operation(), gemm.m(), gemm.n(), gemm.k(),
          gemm.scalars().alpha(), a.address(), a.type(), a.leading(), b.address(), b.type(), b.leading(),
          gemm.scalars().beta(), c.address(), c.type(), c.leading(), gemm.compute(), Gemm.ALGORITHM);
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  @Override
  public String statusName(int status) {
    try {
      MemorySegment name = (MemorySegment) getStatusString.invokeExact(status);
      return name.getString(0);
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }
}

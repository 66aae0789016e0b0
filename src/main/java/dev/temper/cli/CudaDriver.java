package dev.temper.cli;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/** Whether a CUDA driver is installed: asks the loader for its library without starting it. */
final class CudaDriver {

  private static final String LIBRARY = "libcuda.so.1";
  private static final int RTLD_LAZY = 1;
  private static final Linker LINKER = Linker.nativeLinker();

  private CudaDriver() {}

  /** One sentence: the newest CUDA version that the driver serves, or the loader's own reason why there is none. */
  static String describe() {
    Optional<MemorySegment> open = LINKER.defaultLookup().find("dlopen");
    Optional<MemorySegment> error = LINKER.defaultLookup().find("dlerror");
    if (open.isEmpty() || error.isEmpty()) {
      return "none: CUDA needs Linux, this is " + System.getProperty("os.name");
    }
    MethodHandle dlopen = LINKER.downcallHandle(
        open.get(), FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
    MethodHandle dlerror = LINKER.downcallHandle(error.get(), FunctionDescriptor.of(ValueLayout.ADDRESS));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment handle = (MemorySegment) dlopen.invokeExact(arena.allocateFrom(LIBRARY), RTLD_LAZY);
      if (handle.equals(MemorySegment.NULL)) {
        MemorySegment reason = (MemorySegment) dlerror.invokeExact();
        return "none: " + (reason.equals(MemorySegment.NULL) ? LIBRARY + " cannot be loaded" : text(reason));
      }
      return LIBRARY + ", up to CUDA " + version(arena);
    } catch (Throwable e) {
      return "unknown: " + e;
    }
  }

  private static String version(Arena arena) throws Throwable {
    MemorySegment function = SymbolLookup.libraryLookup(LIBRARY, arena).findOrThrow("cuDriverGetVersion");
    MemorySegment version = arena.allocate(ValueLayout.JAVA_INT);
    int code = (int) LINKER.downcallHandle(function, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS)).invokeExact(version);
    int number = version.get(ValueLayout.JAVA_INT, 0);
    // 12090 is 12.9.
    return code == 0 ? number / 1000 + "." + number % 1000 / 10 : "(cuDriverGetVersion failed with code " + code + ")";
  }

  /** The loader ends its texts with a zero byte. */
  private static String text(MemorySegment address) {
    return address.reinterpret(Long.MAX_VALUE).getString(0);
  }
}

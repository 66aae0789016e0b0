package dev.temper.ffm;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Optional;

/** Calls the dynamic loader of the system. */
record Loader(MethodHandle dlopen, MethodHandle dlerror, MethodHandle dladdr) {

  static final int NOW = 2;
  static final int GLOBAL = 0x100;

  private static Loader ofSystem() throws LibraryLoadException {
    Linker linker = Linker.nativeLinker();
    SymbolLookup symbols = linker.defaultLookup();
    if (symbols.find("dlopen").isEmpty()) {
      throw new LibraryLoadException("this system has no dlopen; native engines are loaded on Linux only");
    }
    return new Loader(
        linker.downcallHandle(symbols.findOrThrow("dlopen"), FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT)),
        linker.downcallHandle(symbols.findOrThrow("dlerror"), FunctionDescriptor.of(CString.POINTER)),
        linker.downcallHandle(symbols.findOrThrow("dladdr"), FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS)));
  }

  /** Loads a library for the rest of the process. */
  static void open(String name, int flags) throws LibraryLoadException {
    Loader loader = ofSystem();
    MemorySegment handle;
    MemorySegment reason;
    try (Arena arena = Arena.ofConfined()) {
      // The first call of dlerror links the function. Linking after dlopen would clear the reason of a failure.
      MemorySegment _ = (MemorySegment) loader.dlerror.invokeExact();
      handle = (MemorySegment) loader.dlopen.invokeExact(arena.allocateFrom(name), flags);
      reason = (MemorySegment) loader.dlerror.invokeExact();
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
    if (handle.equals(MemorySegment.NULL)) {
      throw new LibraryLoadException(
          reason.equals(MemorySegment.NULL) ? name + " cannot be loaded, and the loader gave no reason"
          : reason.getString(0));
    }
  }

  /** Returns the file of the library that holds a function. */
  static Optional<Path> file(MemorySegment function) throws LibraryLoadException {
    Loader loader = ofSystem();
    try (Arena arena = Arena.ofConfined()) {
      // The struct Dl_info holds file name, base address, symbol name and symbol address.
      MemorySegment info = arena.allocate(ADDRESS, 4);
      int found = (int) loader.dladdr.invokeExact(function, info);
      return found == 0 ? Optional.empty() : Optional.of(Path.of(CString.at(info)));
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }
}

package dev.temper.kernel.code;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A shared library opened by the system's own {@code dlopen}: unlike {@link SymbolLookup#libraryLookup}, which throws it away,
 * this keeps {@code dlerror}'s text, and knows the file that the loader chose for a bare name. Libraries stay loaded.
 */
public final class SharedLibrary {

  private static final int RTLD_NOW = 2;
  private static final int RTLD_GLOBAL = 0x100;
  private static final Linker LINKER = Linker.nativeLinker();
  private static final AddressLayout TEXT =
      ADDRESS.withTargetLayout(MemoryLayout.sequenceLayout(Long.MAX_VALUE, JAVA_BYTE));
  private static final Optional<Loader> LOADER = Loader.find(LINKER);

  private final String name;
  private final MemorySegment handle;

  private SharedLibrary(String name, MemorySegment handle) {
    this.name = name;
    this.handle = handle;
  }

  /**
   * Opens a library.
   *
   * @param name a path, or a bare name that the loader searches for
   * @throws LibraryLoadException with the loader's reason
   */
  public static SharedLibrary open(String name) throws LibraryLoadException {
    return open(name, RTLD_NOW);
  }

  /**
   * Opens a library whose functions later ones may use.
   *
   * @throws LibraryLoadException with the loader's reason
   */
  public static SharedLibrary openGlobal(String name) throws LibraryLoadException {
    return open(name, RTLD_NOW | RTLD_GLOBAL);
  }

  private static SharedLibrary open(String name, int flags) throws LibraryLoadException {
    Loader loader = loader();
    try (Arena arena = Arena.ofConfined()) {
      // The first call links the handle, which must not happen between dlopen and dlerror: it would clear the reason.
      MemorySegment _ = (MemorySegment) loader.dlerror.invokeExact();
      MemorySegment handle = (MemorySegment) loader.dlopen.invokeExact(arena.allocateFrom(name), flags);
      if (handle.equals(MemorySegment.NULL)) {
        MemorySegment reason = (MemorySegment) loader.dlerror.invokeExact();
        throw new LibraryLoadException(
            reason.equals(MemorySegment.NULL) ? "the loader gave no reason" : reason.getString(0));
      }
      return new SharedLibrary(name, handle);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  /** Binds a function. */
  public MethodHandle function(String symbol, FunctionDescriptor type) throws LibraryLoadException {
    return LINKER.downcallHandle(address(symbol), type);
  }

  /** The file that the loader took, where it tells. */
  public Optional<Path> file(String symbol) throws LibraryLoadException {
    try (Arena arena = Arena.ofConfined()) {
      // Dl_info: file name, base address, symbol name, symbol address.
      MemorySegment info = arena.allocate(ADDRESS, 4);
      int found = (int) loader().dladdr.invokeExact(address(symbol), info);
      return found == 0 ? Optional.empty() : Optional.of(Path.of(info.get(TEXT, 0).getString(0)));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  private MemorySegment address(String symbol) throws LibraryLoadException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = (MemorySegment) loader().dlsym.invokeExact(handle, arena.allocateFrom(symbol));
      if (address.equals(MemorySegment.NULL)) {
        throw new LibraryLoadException(name + " has no function " + symbol);
      }
      return address;
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  private static Loader loader() throws LibraryLoadException {
    return LOADER.orElseThrow(() -> new LibraryLoadException("this system has no dlopen; CUDA libraries are loaded on Linux only"));
  }

  private static LibraryLoadException rethrow(Throwable thrown) {
    return switch (thrown) {
      case LibraryLoadException e -> e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException(thrown);
    };
  }

  private record Loader(MethodHandle dlopen, MethodHandle dlsym, MethodHandle dlerror, MethodHandle dladdr) {

    static Optional<Loader> find(Linker linker) {
      SymbolLookup symbols = linker.defaultLookup();
      if (symbols.find("dlopen").isEmpty()) {
        return Optional.empty();
      }
      return Optional.of(new Loader(
          linker.downcallHandle(symbols.findOrThrow("dlopen"), FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT)),
          linker.downcallHandle(symbols.findOrThrow("dlsym"), FunctionDescriptor.of(ADDRESS, ADDRESS, ADDRESS)),
          linker.downcallHandle(symbols.findOrThrow("dlerror"), FunctionDescriptor.of(TEXT)),
          linker.downcallHandle(symbols.findOrThrow("dladdr"), FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS))));
    }
  }
}

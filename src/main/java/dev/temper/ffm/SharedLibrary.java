package dev.temper.ffm;

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
 * A shared library. Unlike {@link SymbolLookup#libraryLookup}, which throws the loader's reason away, this asks the system's own
 * {@code dlopen} once more where that fails, and knows the file that the loader chose for a bare name. Libraries stay loaded.
 *
 * <p>Not by {@code dlopen} from the beginning: each kind of function that is called costs a new process 5 ms to link.
 */
public final class SharedLibrary {

  private final String name;
  private final SymbolLookup symbols;

  private SharedLibrary(String name, SymbolLookup symbols) {
    this.name = name;
    this.symbols = symbols;
  }

  /**
   * Opens a library.
   *
   * @param name a path, or a bare name that the loader searches for
   * @throws LibraryLoadException with the loader's reason
   */
  public static SharedLibrary open(String name) throws LibraryLoadException {
    NativeAccess.require();
    try {
      return new SharedLibrary(name, SymbolLookup.libraryLookup(name, Arena.global()));
    } catch (IllegalArgumentException e) {
      Loader.open(name, Loader.NOW);
      throw new LibraryLoadException("the loader gave no reason");
    }
  }

  /**
   * Opens a library whose functions later ones may use.
   *
   * @throws LibraryLoadException with the loader's reason
   */
  public static SharedLibrary openGlobal(String name) throws LibraryLoadException {
    NativeAccess.require();
    Loader.open(name, Loader.NOW | Loader.GLOBAL);
    return open(name);
  }

  /** Binds a function. */
  public MethodHandle function(String symbol, FunctionDescriptor type) throws LibraryLoadException {
    return Linker.nativeLinker().downcallHandle(address(symbol), type);
  }

  /** The file that the loader took, where it tells. */
  public Optional<Path> file(String symbol) throws LibraryLoadException {
    return Loader.file(address(symbol));
  }

  private MemorySegment address(String symbol) throws LibraryLoadException {
    return symbols.find(symbol).orElseThrow(() -> new LibraryLoadException(name + " has no function " + symbol));
  }

  /** The system's own functions. */
  private record Loader(MethodHandle dlopen, MethodHandle dlerror, MethodHandle dladdr) {

    /** Made here, where native access is known to be allowed: the layout of unbounded text is a restricted method, too. */
    private static final AddressLayout TEXT =
        ADDRESS.withTargetLayout(MemoryLayout.sequenceLayout(Long.MAX_VALUE, JAVA_BYTE));

    static final int NOW = 2;
    static final int GLOBAL = 0x100;

    private static Loader ofSystem() throws LibraryLoadException {
      Linker linker = Linker.nativeLinker();
      SymbolLookup symbols = linker.defaultLookup();
      if (symbols.find("dlopen").isEmpty()) {
        throw new LibraryLoadException("this system has no dlopen; CUDA libraries are loaded on Linux only");
      }
      return new Loader(
          linker.downcallHandle(symbols.findOrThrow("dlopen"), FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT)),
          linker.downcallHandle(symbols.findOrThrow("dlerror"), FunctionDescriptor.of(TEXT)),
          linker.downcallHandle(symbols.findOrThrow("dladdr"), FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS)));
    }

    static void open(String name, int flags) throws LibraryLoadException {
      Loader loader = ofSystem();
      try (Arena arena = Arena.ofConfined()) {
        // The first call links the handle, which must not happen between dlopen and dlerror: it would clear the reason.
        MemorySegment _ = (MemorySegment) loader.dlerror.invokeExact();
        MemorySegment handle = (MemorySegment) loader.dlopen.invokeExact(arena.allocateFrom(name), flags);
        if (handle.equals(MemorySegment.NULL)) {
          MemorySegment reason = (MemorySegment) loader.dlerror.invokeExact();
          throw new LibraryLoadException(reason.equals(MemorySegment.NULL) ? "the loader gave no reason" : reason.getString(0));
        }
      } catch (Throwable e) {
        throw rethrow(e);
      }
    }

    static Optional<Path> file(MemorySegment function) throws LibraryLoadException {
      try (Arena arena = Arena.ofConfined()) {
        // Dl_info: file name, base address, symbol name, symbol address.
        MemorySegment info = arena.allocate(ADDRESS, 4);
        int found = (int) ofSystem().dladdr.invokeExact(function, info);
        return found == 0 ? Optional.empty() : Optional.of(Path.of(info.get(TEXT, 0).getString(0)));
      } catch (Throwable e) {
        throw rethrow(e);
      }
    }

    private static LibraryLoadException rethrow(Throwable thrown) {
      return switch (thrown) {
        case LibraryLoadException e -> e;
        case RuntimeException e -> throw e;
        case Error e -> throw e;
        default -> throw new IllegalStateException(thrown);
      };
    }
  }
}

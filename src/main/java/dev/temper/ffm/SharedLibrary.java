package dev.temper.ffm;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A shared library, which stays loaded for the rest of the process. {@link SymbolLookup#libraryLookup} discards the
 * loader's reason for a failure. After a failure this class therefore calls {@code dlopen} once more and quotes
 * {@code dlerror}.
 *
 * <p>It does not call {@code dlopen} from the beginning, because linking the first downcall of each signature costs a
 * new process 5 ms.
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
    try {
      return new SharedLibrary(name, SymbolLookup.libraryLookup(name, Arena.global()));
    } catch (IllegalArgumentException e) {
      Loader.open(name, Loader.NOW);
      throw new LibraryLoadException(name + " cannot be loaded, and the loader gave no reason");
    } catch (IllegalCallerException e) {
      throw NativeAccess.denied();
    }
  }

  /**
   * Opens a library whose symbols are visible to libraries that are loaded later.
   *
   * @throws LibraryLoadException with the loader's reason
   */
  public static SharedLibrary openGlobal(String name) throws LibraryLoadException {
    try {
      Loader.open(name, Loader.NOW | Loader.GLOBAL);
    } catch (IllegalCallerException e) {
      throw NativeAccess.denied();
    }
    return open(name);
  }

  /** Binds a function. */
  public MethodHandle function(String symbol, FunctionDescriptor type,
      Linker.Option... options) throws LibraryLoadException {
    return Linker.nativeLinker().downcallHandle(address(symbol), type, options);
  }

  /** Address of a function. */
  public MemorySegment address(String symbol) throws LibraryLoadException {
    return symbols.find(symbol).orElseThrow(() -> new LibraryLoadException(name + " has no function " + symbol));
  }

  /** The file of the library, found by one of its functions; empty if the loader does not say. */
  public Optional<Path> file(String symbol) throws LibraryLoadException {
    return Loader.file(address(symbol));
  }
}

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
 * Holds a shared library that stays loaded for the rest of the process.
 *
 * <p>{@link SymbolLookup#libraryLookup} discards the reason of a failure. This class therefore calls {@code dlopen}
 * after a failure and quotes {@code dlerror}.
 *
 * <p>A first call of {@code dlopen} would cost a new process 5 ms, because the first downcall of each signature must be
 * linked.
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
   * @param name a path, or a file name that the loader searches for
   * @throws LibraryLoadException if the loader fails; the message holds its reason
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
   * Opens a library and makes its symbols visible to libraries that are loaded later.
   *
   * @throws LibraryLoadException if the loader fails; the message holds its reason
   */
  public static SharedLibrary openGlobal(String name) throws LibraryLoadException {
    try {
      Loader.open(name, Loader.NOW | Loader.GLOBAL);
    } catch (IllegalCallerException e) {
      throw NativeAccess.denied();
    }
    return open(name);
  }

  public MethodHandle function(String symbol, FunctionDescriptor type,
      Linker.Option... options) throws LibraryLoadException {
    return Linker.nativeLinker().downcallHandle(address(symbol), type, options);
  }

  public MemorySegment address(String symbol) throws LibraryLoadException {
    return symbols.find(symbol).orElseThrow(() -> new LibraryLoadException(name + " has no function " + symbol));
  }

  /** Returns the file of the library that holds a function, or empty if the loader reports none. */
  public Optional<Path> file(String symbol) throws LibraryLoadException {
    return Loader.file(address(symbol));
  }
}

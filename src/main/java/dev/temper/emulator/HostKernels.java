package dev.temper.emulator;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.temper.EngineUnavailableException;
import dev.temper.ffm.LibraryLoadException;
import dev.temper.ffm.SharedLibrary;
import dev.temper.internal.TemporaryFiles;
import dev.temper.kernel.code.CacheDirectory;
import dev.temper.kernel.code.CacheKey;
import dev.temper.kernel.code.DiskCache;
import dev.temper.kernel.code.KernelSource;
import dev.temper.kernel.spec.Specialisation;
import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Kernels compiled for the host. The kernels are cached on disk and stay loaded in the process, where all engines share
 * them.
 */
final class HostKernels {

  private static final String SCHEMA = "host-kernel-1";

  /**
   * {@code cuda_host_launch(entry, parameters, grid, block, cluster, sharedBytes, order, seed, message, messageBytes)}
   * and host memory.
   */
  private static final FunctionDescriptor LAUNCH;
  private static final int FIRST_MEMORY = 10;
  private static final int MOST_MEMORY = 24;

  static {
    LAUNCH = FunctionDescriptor.of(
        JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS, JAVA_INT)
        .appendArgumentLayouts(Collections.nCopies(MOST_MEMORY, ADDRESS).toArray(MemoryLayout[]::new));
  }

  private static final Map<HostCompiler, HostKernels> OF_PROCESS = new ConcurrentHashMap<>();

  private final HostCompiler compiler;
  private final HostBuild build;
  private final HostRuntime runtime;
  private final Function<String, KernelSource> sources;
  private final DiskCache cache;
  private final Map<Specialisation, MemorySegment> entries = new ConcurrentHashMap<>();
  private @Nullable SharedLibrary loadedRuntime;
  private @Nullable MethodHandle launch;

  HostKernels(HostCompiler compiler, HostBuild build, HostRuntime runtime, Function<String, KernelSource> sources,
      DiskCache cache) {
    this.compiler = compiler;
    this.build = build;
    this.runtime = runtime;
    this.sources = sources;
    this.cache = cache;
  }

  /** Returns the kernels of a compiler in this process. A process can use one build only. */
  static HostKernels of(HostCompiler compiler, HostBuild build) {
    HostKernels kernels = OF_PROCESS.computeIfAbsent(compiler, c -> new HostKernels(
        c, build, HostRuntime.load(), KernelSource::load,
        DiskCache.open(CacheDirectory.ofUser(), DiskCache.DEFAULT_LIMIT)));
    if (kernels.build != build) {
      throw new EngineUnavailableException("the " + build.label() + " emulator cannot run beside the "
          + kernels.build.label()
          + " one that this process has; start another process");
    }
    return kernels;
  }

  /** Version of the compiler. */
  String compiler() {
    return compiler.version();
  }

  /** Compiles and loads a kernel, unless it is loaded; returns the address of its host entry. */
  MemorySegment load(Specialisation kernel) {
    return entries.computeIfAbsent(kernel, this::entry);
  }

  /**
   * Launches a kernel: {@code int (parameters, grid, block, cluster, sharedBytes, order, seed, message, messageBytes)}.
   * A call throws {@link IllegalStateException} if some of the host memory was closed, and keeps all of it open until
   * it returns.
   */
  MethodHandle launcher(Specialisation kernel, List<MemorySegment> hostMemory) {
    if (hostMemory.size() > MOST_MEMORY) {
      throw new IllegalArgumentException(hostMemory.size() + " segments of host memory, expected at most "
          + MOST_MEMORY);
    }
    MemorySegment entry = load(kernel);
    Object[] memory = Collections.nCopies(MOST_MEMORY, MemorySegment.NULL).toArray();
    System.arraycopy(hostMemory.toArray(), 0, memory, 0, hostMemory.size());
    return MethodHandles.insertArguments(launch(), FIRST_MEMORY, memory).bindTo(entry);
  }

  /** The shared library of a kernel, with the host entry {@code ENTRY_launch}. */
  byte[] library(Specialisation kernel) {
    KernelSource source = sources.apply(kernel.source());
    return cache.read(key(kernel, source)).orElseGet(() -> compile(kernel, source));
  }

  private CacheKey key(Specialisation kernel, KernelSource source) {
    return key("kernel").add(source).add("macros", macros(kernel)).build();
  }

  private static List<String> macros(Specialisation kernel) {
    return kernel.definitions().stream().map(definition -> "-D" + definition).toList();
  }

  private byte[] compile(Specialisation kernel, KernelSource source) {
    List<String> arguments = new ArrayList<>(build.kernelOptions());
    arguments.addAll(macros(kernel));
    arguments.add("unit.cpp");
    byte[] library = compile(folder -> {
      for (Map.Entry<String, String> header : source.headers().entrySet()) {
        Path file = folder.resolve(header.getKey());
        Files.createDirectories(file.resolveSibling("."));
        Files.writeString(file, header.getValue());
      }
      Files.writeString(folder.resolve(source.file()), source.text());
      Files.writeString(folder.resolve("unit.cpp"), unit(kernel));
    }, arguments);
    cache.write(key(kernel, source), library);
    return library;
  }

  private static String unit(Specialisation kernel) {
    return "#include \"cuda_host.h\"\n#include \"" + kernel.source() + "\"\nCUDA_HOST_LAUNCHER(" + kernel.entry()
        + ", temper::"
        + kernel.parameters() + ")\nCUDA_HOST_CLUSTER(" + kernel.entry() + ", " + kernel.cluster() + ")\n";
  }

  private MemorySegment entry(Specialisation kernel) {
    runtime();
    KernelSource source = sources.apply(kernel.source());
    Optional<byte[]> cached = cache.read(key(kernel, source));
    if (cached.isPresent()) {
      try {
        return address(kernel, cached.get());
      } catch (LibraryLoadException e) {
        cache.delete(key(kernel, source));  // compiled again below
      }
    }
    try {
      return address(kernel, compile(kernel, source));
    } catch (LibraryLoadException e) {
      throw new EngineUnavailableException("kernel " + kernel.label() + " was compiled but does not load: "
          + e.getMessage());
    }
  }

  private static MemorySegment address(Specialisation kernel, byte[] library) throws LibraryLoadException {
    return open(library, false).address(kernel.entry() + "_launch");
  }

  /** The runtime, whose functions kernels find among the global symbols of the process. */
  synchronized SharedLibrary runtime() {
    if (loadedRuntime != null) {
      return loadedRuntime;
    }
    CacheKey key = key("runtime").build();
    Optional<byte[]> cached = cache.read(key);
    if (cached.isPresent()) {
      try {
        loadedRuntime = open(cached.get(), true);
        return loadedRuntime;
      } catch (LibraryLoadException e) {
        cache.delete(key);  // compiled again below
      }
    }
    List<String> arguments = new ArrayList<>(build.runtimeOptions());
    arguments.addAll(runtime.units());
    byte[] compiled = compile(_ -> {}, arguments);
    cache.write(key, compiled);
    try {
      loadedRuntime = open(compiled, true);
      return loadedRuntime;
    } catch (LibraryLoadException e) {
      throw new EngineUnavailableException("the emulator's runtime was compiled but does not load: " + e.getMessage());
    }
  }

  private synchronized MethodHandle launch() {
    if (launch == null) {
      try {
        launch = runtime().function("cuda_host_launch", LAUNCH);
      } catch (LibraryLoadException e) {
        throw new EngineUnavailableException("the emulator's runtime was compiled but does not load: "
            + e.getMessage());
      }
    }
    return launch;
  }

  private CacheKey.Builder key(String kind) {
    CacheKey.Builder key = CacheKey.schema(SCHEMA).add("kind", kind).add("compiler", compiler.identity())
        .add("build", build.label());
    runtime.texts().forEach(key::addContent);
    return key;
  }

  private interface Sources {
    void writeTo(Path folder) throws IOException;
  }

  private byte[] compile(Sources sources, List<String> arguments) {
    try {
      TemporaryFiles.removeAbandoned(Path.of(System.getProperty("java.io.tmpdir")));
      Path folder = Files.createTempDirectory(TemporaryFiles.prefix());
      try {
        runtime.writeTo(folder);
        sources.writeTo(folder);
        return compiler.compile(folder, arguments);
      } finally {
        TemporaryFiles.delete(folder);
      }
    } catch (IOException e) {
      throw notWritten("the sources of a kernel", e);
    }
  }

  /** Loads a library from a file, which is deleted: a loaded library does not need it. */
  private static SharedLibrary open(byte[] library, boolean global) throws LibraryLoadException {
    try {
      Path file = Files.createTempFile(TemporaryFiles.prefix(), ".so");
      try {
        Files.write(file, library);
        return global ? SharedLibrary.openGlobal(file.toString()) : SharedLibrary.open(file.toString());
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw notWritten("a kernel's library", e);
    }
  }

  private static EngineUnavailableException notWritten(String what, IOException cause) {
    return new EngineUnavailableException("no emulator: " + what + " cannot be written to the temporary folder: "
        + cause
        + "; make room there, or name another by the system property java.io.tmpdir");
  }
}

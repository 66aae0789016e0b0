package dev.temper.cuda.nvrtc;

import dev.temper.kernel.code.CacheDirectory;
import dev.temper.kernel.code.CacheKey;
import dev.temper.kernel.code.DiskCache;
import dev.temper.kernel.code.KernelSource;
import dev.temper.kernel.spec.Specialisation;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Compiles kernels, or reads them from the disk cache. Loading NVRTC takes 100 to 150 ms and compiling a kernel 200 to
 * 500 ms. NVRTC is therefore loaded only for a kernel that is not in the cache.
 *
 * <p>May be used from several threads; compilations do not wait for one another.
 */
public final class KernelCompiler {

  /** A part of the cache's key that changes with the options below and with the format of an entry. */
  private static final String SCHEMA = "kernel-3";

  private final DiskCache cache;
  private final NvrtcSearch search;
  private @Nullable NvrtcIdentity known;
  private NvrtcSearch.@Nullable Found loaded;

  KernelCompiler(DiskCache cache, NvrtcSearch search) {
    this.cache = cache;
    this.search = search;
  }

  /** A compiler with the user's cache directory and the machine's newest NVRTC. */
  public static KernelCompiler ofMachine() {
    return forDriver(NvrtcPlaces.ANY_DRIVER);
  }

  /**
   * Returns a compiler with the user's cache directory and an NVRTC whose code the driver supports, or any NVRTC if
   * none does.
   *
   * @param driverVersion newest CUDA version that the driver supports; 12040 is 12.4
   */
  public static KernelCompiler forDriver(int driverVersion) {
    return new KernelCompiler(
        DiskCache.open(CacheDirectory.ofUser(), DiskCache.DEFAULT_LIMIT),
        new NvrtcSearch(NvrtcPlaces.ofMachine(driverVersion), new NvrtcJar(KernelCompiler.class.getClassLoader())));
  }

  /** The folder of the cache, or the reason why there is none. */
  public String describeCache() {
    return cache.describe();
  }

  /**
   * The NVRTC in use, whether it compiles a kernel of one line, and whether the driver may refuse its code.
   *
   * @throws NvrtcMissingException with every place tried
   */
  public String describeNvrtc() {
    NvrtcSearch.Found found = load();
    String described = found.identity().describe();
    try {
      Target target = Target.cubin(found.identity().architectures().getLast());
      KernelSource source = KernelSource.of("trial.cu", "extern \"C\" __global__ void trial() {}\n");
      found.nvrtc().compile("trial", source, options(List.of(), target), target);
    } catch (NvrtcFailedException | KernelCompileException e) {
      return described + ", but it cannot compile: " + e.getMessage();
    }
    return described + ", compiles" + search.places().doubts(found.identity().major());
  }

  /**
   * The NVRTC in use. It is not loaded if an earlier process has loaded it and the file is unchanged.
   *
   * @throws NvrtcMissingException with every place tried
   */
  public synchronized NvrtcIdentity nvrtc() {
    if (known == null) {
      Optional<NvrtcIdentity> cached = search.cached(cache);
      known = cached.isPresent() ? cached.get() : load().identity();
    }
    return known;
  }

  /**
   * Code for a target.
   *
   * @param kernel name of the kernel in messages
   * @param source the source with its headers
   * @param definitions macros as {@code NAME=VALUE}; their order is part of the cache's key
   * @param target architecture and form of the code
   * @throws KernelCompileException if the source has an error
   * @throws NvrtcMissingException if the kernel is not cached and there is no NVRTC
   * @throws NvrtcFailedException if NVRTC cannot compile
   */
  public CompiledKernel compile(String kernel, KernelSource source, List<String> definitions, Target target) {
    List<String> options = options(definitions, target);
    Optional<byte[]> stored = cache.read(key(nvrtc(), source, options));
    Optional<CompiledKernel> cached =
        stored.isPresent() ? CompiledKernel.ofBytes(target, stored.get()) : Optional.empty();
    if (cached.isPresent()) {
      return cached.get();
    }
    NvrtcSearch.Found found = load();
    CompiledKernel compiled = found.nvrtc().compile(kernel, source, options, target);
    cache.write(key(found.identity(), source, options), compiled.toBytes());
    return compiled;
  }

  /**
   * The code of a kernel of this library. The assembler may spill a few registers so that more blocks are resident.
   * Such a kernel is compiled again with a launch bound of one block, which permits as many registers as it needs.
   */
  public CompiledKernel compile(Specialisation specialisation, Target target) {
    KernelSource source = KernelSource.load(specialisation.source());
    CompiledKernel first = compile(specialisation.label(), source, specialisation.definitions(), target);
    return first.spills() ? compile(specialisation.label(), source, specialisation.definitionsForOneBlock(), target)
        : first;
  }

  /** Compiles a kernel again and replaces the cached code, which the driver rejected. */
  public CompiledKernel rebuild(Specialisation specialisation, Target target) {
    KernelSource source = KernelSource.load(specialisation.source());
    for (List<String> definitions : List.of(specialisation.definitions(), specialisation.definitionsForOneBlock())) {
      cache.delete(key(nvrtc(), source, options(definitions, target)));
    }
    return compile(specialisation, target);
  }

  /** This compiler for one target. */
  public KernelBinaries binaries(Target target) {
    return new KernelBinaries() {
      @Override
      public String describe() {
        return "NVRTC " + nvrtc().version();
      }

      @Override
      public CompiledKernel compile(Specialisation kernel) {
        return KernelCompiler.this.compile(kernel, target);
      }

      @Override
      public CompiledKernel rebuild(Specialisation kernel) {
        return KernelCompiler.this.rebuild(kernel, target);
      }
    };
  }

  public synchronized boolean hasLoadedNvrtc() {
    return loaded != null;
  }

  private static List<String> options(List<String> definitions, Target target) {
    List<String> options = new ArrayList<>();
    options.add("--std=c++17");
    // The kernels write every fused operation as a call. Without contraction, device and emulator differ in ex2, log
    // and division only.
    options.add("--fmad=false");
    options.add("--generate-line-info");
    if (target.form() == Target.Form.CUBIN) {
      options.add("--gpu-architecture=" + target.architecture().real());
      options.add("--ptxas-options=-v");
    } else {
      options.add("--gpu-architecture=" + target.architecture().virtual());
    }
    for (String definition : definitions) {
      options.add("--define-macro=" + definition);
    }
    return options;
  }

  private static CacheKey key(NvrtcIdentity nvrtc, KernelSource source, List<String> options) {
    return CacheKey.schema(SCHEMA).add("nvrtc", nvrtc.fingerprint()).add("options", options).add(source).build();
  }

  private synchronized NvrtcSearch.Found load() {
    if (loaded == null) {
      loaded = search.load(cache);
      known = loaded.identity();
    }
    return loaded;
  }
}

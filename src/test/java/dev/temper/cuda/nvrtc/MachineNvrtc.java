package dev.temper.cuda.nvrtc;

import static org.assertj.core.api.Assertions.fail;

import dev.temper.kernel.code.DiskCache;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Assumptions;

/** The NVRTC that tests run against: the machine's own, or that of the optional jar (Maven profile nvrtc). */
public final class MachineNvrtc {

  private MachineNvrtc() {}

  /**
   * Returns a search that finds the library. Without a library the test fails if the build requires NVRTC, and is not
   * run otherwise.
   */
  static NvrtcSearch search() {
    Properties properties = new Properties();
    properties.setProperty(NvrtcPlaces.LIBRARY_PROPERTY, library());
    return new NvrtcSearch(new NvrtcPlaces(properties, Map.of(), NvrtcPlaces.NAMES, NvrtcPlaces.ANY_DRIVER),
        new NvrtcJar(ClassLoader.getPlatformClassLoader()));
  }

  /** The file of the library; without one, the test fails or is not run. */
  public static String library() {
    return Holder.find();
  }

  /** A compiler with a cache in a folder. */
  public static KernelCompiler compiler(Path cache) {
    return new KernelCompiler(DiskCache.open(cache, 1L << 30), search());
  }

  private static final class Holder {
    private static final NvrtcSearch SEARCH =
        new NvrtcSearch(NvrtcPlaces.ofMachine(NvrtcPlaces.ANY_DRIVER),
        new NvrtcJar(MachineNvrtc.class.getClassLoader()));

    static String find() {
      try {
        // The 113 MB of the jar are extracted once per build directory, not once per test.
        return SEARCH.load(DiskCache.open(Path.of("target/nvrtc"), 1L << 30)).identity().file().toString();
      } catch (NvrtcMissingException e) {
        if (Boolean.getBoolean("temper.nvrtc.required")) {
          return fail("this build requires NVRTC", e);
        }
        Assumptions.abort("DID NOT RUN, since no NVRTC is here (-Pnvrtc adds one): " + e.getMessage());
        throw e;
      }
    }
  }
}

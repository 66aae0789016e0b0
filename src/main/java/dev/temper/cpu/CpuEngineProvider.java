package dev.temper.cpu;

import dev.temper.Availability;
import dev.temper.EngineOptions;
import dev.temper.EngineUnavailableException;
import dev.temper.cpu.blas.OpenBlasProducts;
import dev.temper.diagnostics.Finding;
import dev.temper.spi.EngineBackend;
import dev.temper.spi.EngineProvider;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Opens the CPU engine. Its native library is packed for this platform or named by the system property {@value
 * #LIBRARY_PROPERTY}.
 */
public final class CpuEngineProvider implements EngineProvider {

  /** This property holds the path of a native library that replaces the packed one. */
  public static final String LIBRARY_PROPERTY = "temper.cpu.library";

  /**
   * This property selects the instruction set: {@code avx512}, {@code avx2} or {@code baseline}. The best one is used
   * if the property is empty or absent.
   */
  public static final String INSTRUCTION_SET_PROPERTY = "temper.cpu.isa";

  /** This constructor exists for {@link java.util.ServiceLoader}. */
  public CpuEngineProvider() {}

  @Override
  public String device() {
    return "cpu";
  }

  @Override
  public int rank() {
    return 50;
  }

  @Override
  public Availability availability() {
    try {
      return Availability.usable(CpuEngine.describe(instructionSet(), Runtime.getRuntime().availableProcessors()));
    } catch (EngineUnavailableException e) {
      return Availability.missing(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public EngineBackend open(int index, EngineOptions options) {
    if (index != 0) {
      throw new IllegalArgumentException("device cpu:" + index + " does not exist, expected cpu");
    }
    return CpuEngine.open(instructionSet(), options.threads().orElse(Runtime.getRuntime().availableProcessors()));
  }

  @Override
  public List<Finding> findings() {
    String named = System.getProperty(LIBRARY_PROPERTY, "");
    String source = named.isEmpty() ? "packed for " + PackedLibrary.platform() : named + " (property "
        + LIBRARY_PROPERTY + ")";
    try {
      CpuLibrary library = CpuLibrary.instance();
      String usable = Stream.of("avx512", "avx2", "baseline").filter(name -> !library.instructionSet(name).isEmpty())
          .collect(Collectors.joining(", "));
      return List.of(new Finding("cpu library", source),
          new Finding("cpu instruction sets", usable + "; taken: " + instructionSet() + " (property "
          + INSTRUCTION_SET_PROPERTY + ")"),
          new Finding("cpu products", OpenBlasProducts.availability().description()
          + "; a linear head has a workspace of 256 MiB unless another is given"));
    } catch (EngineUnavailableException e) {
      return List.of(new Finding("cpu library", String.valueOf(e.getMessage())));
    }
  }

  private static String instructionSet() {
    String requested = System.getProperty(INSTRUCTION_SET_PROPERTY, "");
    String found = CpuLibrary.instance().instructionSet(requested);
    if (found.isEmpty()) {
      throw new EngineUnavailableException("this processor or this build of the CPU engine has no instruction set '"
          + requested + "', expected avx512, avx2 or baseline; change or drop the property "
          + INSTRUCTION_SET_PROPERTY);
    }
    return found;
  }
}

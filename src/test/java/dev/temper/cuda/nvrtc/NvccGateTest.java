package dev.temper.cuda.nvrtc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.temper.kernel.plan.Architecture;
import dev.temper.kernel.plan.DeviceLimits;
import dev.temper.kernel.spec.Specialisation;
import dev.temper.kernel.spec.SpecialisationList;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Compiles the specialisations that the engine can choose with the machine's nvcc, whose version often differs from
 * NVRTC's, and requires that no register is spilled. A build that requires NVRTC compiles for every generation; here
 * each choice then occurs once, for the newest generation and the one with the most storages.
 */
@Execution(ExecutionMode.CONCURRENT)
final class NvccGateTest {

  /** Sources per architecture. Each has many entry points, so that headers are read less often. */
  private static final int PARTS = 6;

  private static final boolean REQUIRES_NVRTC = Boolean.getBoolean("temper.nvrtc.required");

  @TempDir Path folder;

  static IntStream capabilities() {
    return REQUIRES_NVRTC ? IntStream.of(90, 120) : IntStream.of(75, 80, 90, 100, 120);
  }

  @ParameterizedTest
  @MethodSource("capabilities")
  void compilesWithoutSpills(int capability) throws IOException, InterruptedException {
    assumeTrue(isInstalled(), "DID NOT RUN: no nvcc on the path");
    Architecture architecture = Architecture.ofNumber(capability);
    DeviceLimits limits = DeviceLimits.ofCapability(architecture.major(), architecture.minor());
    List<Specialisation> list = REQUIRES_NVRTC ? SpecialisationList.singles(limits) : SpecialisationList.of(limits);
    Map<Specialisation, KernelResources> found = compile(list, architecture, false);
    assertThat(found).containsOnlyKeys(list);
    // The assembler spills a few registers if more blocks are resident then. With a launch bound of one block it must
    // not spill.
    List<Specialisation> spilling = list.stream().filter(s -> occupies(found, s).spillBytes() > 0).toList();
    Map<Specialisation, KernelResources> alone = compile(spilling, architecture, true);
    assertThat(spilling.stream().filter(s -> occupies(alone, s).spillBytes() > 0).map(Specialisation::label)).isEmpty();
  }

  private static KernelResources occupies(Map<Specialisation, KernelResources> found, Specialisation kernel) {
    return found.getOrDefault(kernel, new KernelResources(0, Integer.MAX_VALUE, 0, 0));
  }

  private Map<Specialisation, KernelResources> compile(List<Specialisation> list, Architecture architecture,
      boolean oneBlock) {
    Map<Specialisation, KernelResources> all = new HashMap<>();
    IntStream.range(0, PARTS).parallel().mapToObj(part -> {
      List<Specialisation> own = IntStream.range(0, list.size()).filter(i -> i % PARTS == part).mapToObj(list::get)
          .toList();
      return compilePart(own, architecture, "part" + part + oneBlock, oneBlock);
    }).toList().forEach(all::putAll);
    return all;
  }

  /** Compiles one source with an entry point for each kernel, named by its number. */
  private Map<Specialisation, KernelResources> compilePart(List<Specialisation> kernels, Architecture architecture,
      String name, boolean oneBlock) {
    if (kernels.isEmpty()) {
      return Map.of();
    }
    StringBuilder source = new StringBuilder();
    Map<String, Specialisation> byEntry = new HashMap<>();
    for (Specialisation kernel : kernels) {
      String entry = kernel.entry().equals(Specialisation.ENTRY) ? "entry_" + byEntry.size() : kernel.entry();
      byEntry.put(entry, kernel);
      List<String> macros = oneBlock ? kernel.definitionsForOneBlock() : kernel.definitions();
      List<String> names = new ArrayList<>();
      for (String macro : macros) {
        int equals = macro.indexOf('=');
        names.add(macro.substring(0, equals));
        String value = macro.substring(equals + 1);
        source.append("#define ").append(names.getLast()).append(' ')
            .append(value.equals(kernel.entry()) ? entry : value).append('\n');
      }
      source.append("#include \"").append(kernel.source()).append("\"\n");
      names.forEach(macro -> source.append("#undef ").append(macro).append('\n'));
    }
    try {
      Path file = Files.writeString(folder.resolve(name + ".cu"), source.toString());
      Map<Specialisation, KernelResources> found = new HashMap<>();
      KernelResources.parse(nvcc(file, architecture))
          .forEach((entry, resources) -> found.put(byEntry.get(entry), resources));
      return found;
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String nvcc(Path source, Architecture architecture) throws IOException, InterruptedException {
    Process process = new ProcessBuilder("nvcc", "-std=c++17", "-fmad=false", "-cubin", "-arch=" + architecture.real(),
        "-Xptxas", "-v",
        "-I" + Path.of("kernels").toAbsolutePath(), "-o", source + ".cubin", source.toString())
        .redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  private static boolean isInstalled() {
    return Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
        .anyMatch(path -> Files.isExecutable(Path.of(path, "nvcc")));
  }
}

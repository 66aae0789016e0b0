package dev.temper.cuda.nvrtc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.kernel.plan.Architecture;
import dev.temper.kernel.plan.DeviceLimits;
import dev.temper.kernel.spec.ProbeKernel;
import dev.temper.kernel.spec.Specialisation;
import dev.temper.kernel.spec.SpecialisationList;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Compiles the specialisations that the engine can choose for every generation, and requires that no register is
 * spilled. Generations with the most kinds of row storage compile the whole list, and the others each choice of it.
 */
final class SpecialisationGateTest {

  /** The cache of compiled kernels, which later builds use again for unchanged sources. */
  private static final Path CACHE = Path.of("target/kernels");

  /** The generations that compile the whole list. */
  private static final Set<Integer> WHOLE = Set.of(80, 90);

  @ParameterizedTest
  @ValueSource(ints = {75, 80, 90, 100, 120})
  void compilesWithoutSpills(int capability) {
    KernelCompiler compiler = MachineNvrtc.compiler(CACHE);
    Architecture architecture = Architecture.ofNumber(capability);
    DeviceLimits limits = DeviceLimits.ofCapability(architecture.major(), architecture.minor());
    List<Specialisation> list =
        WHOLE.contains(capability) ? SpecialisationList.of(limits) : SpecialisationList.singles(limits);
    List<String> findings = Stream.concat(list.stream(), ProbeKernel.all(limits).stream())
        .parallel()
        .map(specialisation -> finding(specialisation, compiler.compile(specialisation, Target.cubin(architecture))))
        .filter(finding -> !finding.isEmpty()).toList();
    assertThat(findings).isEmpty();
  }

  private static String finding(Specialisation specialisation, CompiledKernel kernel) {
    KernelResources resources = kernel.resources()
        .getOrDefault(specialisation.entry(), new KernelResources(0, 0, 0, 0));
    boolean sound = resources.registers() > 0 && resources.spillBytes() == 0 && !kernel.log().contains("warning");
    return sound ? "" : specialisation.label() + ": " + resources + "\n" + kernel.log();
  }
}

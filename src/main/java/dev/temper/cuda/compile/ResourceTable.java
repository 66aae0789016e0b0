package dev.temper.cuda.compile;

import dev.temper.kernel.DeviceLimits;
import dev.temper.kernel.Specialisation;
import dev.temper.kernel.SpecialisationList;
import java.io.PrintStream;
import java.util.Locale;

/**
 * Prints what the listed kernels occupy on a device: registers and spilled bytes per thread, code size. Needs NVRTC, no device.
 *
 * <p>{@code java --enable-native-access=ALL-UNNAMED -cp temper.jar dev.temper.cuda.compile.ResourceTable 90} is for compute
 * capability 9.0.
 */
public final class ResourceTable {

  private ResourceTable() {}

  /** One argument per compute capability, without its point; 90 unless given. */
  public static void main(String[] capabilities) {
    KernelCompiler compiler = KernelCompiler.ofMachine();
    System.out.println(compiler.nvrtc().describe());
    for (String capability : capabilities.length == 0 ? new String[] {"90"} : capabilities) {
      print(System.out, compiler, Architecture.ofNumber(Integer.parseInt(capability)));
    }
  }

  private static void print(PrintStream out, KernelCompiler compiler, Architecture architecture) {
    out.printf(Locale.ROOT, "%n%s%n%9s %6s %6s  %s%n", architecture.real(), "registers", "spills", "KiB", "kernel");
    DeviceLimits limits = DeviceLimits.ofCapability(architecture.major(), architecture.minor());
    for (Specialisation specialisation : SpecialisationList.of(limits)) {
      CompiledKernel kernel = compiler.compile(specialisation, Target.cubin(architecture));
      kernel.resources().values().forEach(resources -> out.printf(Locale.ROOT, "%9d %6d %6d  %s%n", resources.registers(),
          resources.spillBytes(), kernel.code().length / 1024, specialisation.label()));
    }
  }
}

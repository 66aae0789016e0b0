package dev.temper.tools.counts;

import dev.temper.DType;
import dev.temper.cuda.nvrtc.CompiledKernel;
import dev.temper.cuda.nvrtc.KernelCompiler;
import dev.temper.cuda.nvrtc.KernelResources;
import dev.temper.cuda.nvrtc.Target;
import dev.temper.kernel.plan.Architecture;
import dev.temper.kernel.plan.DeviceLimits;
import dev.temper.kernel.plan.RowPlan;
import dev.temper.kernel.spec.ExpReuse;
import dev.temper.kernel.spec.LossSpecialisation;
import dev.temper.kernel.spec.Specialisation;
import dev.temper.kernel.spec.SpecialisationList;
import dev.temper.spi.layout.DivergencePolicy;
import dev.temper.spi.layout.Pass;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;

/**
 * Prints the resources of compiled kernels: registers and spilled bytes per thread, code size, and instructions per
 * element. It needs NVRTC and no device.
 *
 * <p>{@code java --enable-native-access=ALL-UNNAMED -cp temper.jar dev.temper.tools.counts.ResourceTable 90} is for
 * compute capability 9.0.
 */
public final class ResourceTable {

  private static final String METHOD = """
      Per element: instructions that a thread issues, divided by the elements that it handles. They are counted in the
      machine code of the loops over a row (loading, sums, ratios, gradient), along the shortest path of each
      loop: full vectors, no new maximum, not the label's class. Of several loops with one purpose the shortest counts:
      no exponential below 2^-126, distributions that are not nearly equal. Predicated instructions count; work once per
      row or reduction does not. A dash: the row is in registers, without a loop. special: exponentials, logarithms and
      reciprocals among them.
      """;

  /**
   * The number of instructions that an H200 can issue in the time in which it copies one byte. At 1.755 GHz each of its
   * 132 multiprocessors issues 128 instructions per clock, at most 16 of them special, and copies run at 4.3 TB/s.
   */
  private static final double INSTRUCTIONS_PER_BYTE = 132 * 128 * 1.755e9 / 4.3e12;
  private static final double SPECIAL_PER_BYTE = 132 * 16 * 1.755e9 / 4.3e12;

  private final PrintStream out;
  private final KernelCompiler compiler;
  private final Architecture architecture;
  private final DeviceLimits limits;

  private ResourceTable(PrintStream out, KernelCompiler compiler, Architecture architecture) {
    this.out = out;
    this.compiler = compiler;
    this.architecture = architecture;
    limits = DeviceLimits.ofCapability(architecture.major(), architecture.minor());
  }

  /** The arguments are compute capabilities without the point; default 90. */
  public static void main(String[] capabilities) {
    KernelCompiler compiler = KernelCompiler.ofMachine();
    System.out.println(compiler.nvrtc().describe());
    System.out.print(METHOD);
    for (String capability : capabilities.length == 0 ? new String[] {"90"} : capabilities) {
      ResourceTable table = new ResourceTable(System.out, compiler,
          Architecture.ofNumber(Integer.parseInt(capability)));
      table.printList();
      table.printMainShapes();
    }
  }

  private void printList() {
    out.printf(Locale.ROOT, "%n%s%n%9s %6s %6s %6s %7s  %s%n",
        architecture.real(), "registers", "spills", "KiB", "instr.", "special", "kernel");
    for (Specialisation specialisation : SpecialisationList.of(limits)) {
      CompiledKernel kernel = compiler.compile(specialisation, Target.cubin(architecture));
      KernelResources resources = kernel.resources().values().iterator().next();
      String counts = specialisation instanceof LossSpecialisation loss
          ? counts(loss, kernel)
          : String.format(Locale.ROOT, "%6s %7s", "-", "-");
      out.printf(Locale.ROOT, "%9d %6d %6d %s  %s%n", resources.registers(), resources.spillBytes(),
          kernel.code().length / 1024, counts, specialisation.label());
    }
  }

  private static String counts(LossSpecialisation loss, CompiledKernel kernel) {
    List<RowLoop> loops = loops(loss, kernel);
    int bytes = elementBytes(loss);
    return loops.isEmpty() ? String.format(Locale.ROOT, "%6s %7s", "-", "-") : String.format(Locale.ROOT, "%6.1f %7.2f",
        loops.stream().mapToDouble(loop -> loop.instructionsPerElement(bytes)).sum(),
        loops.stream().mapToDouble(loop -> loop.specialPerElement(bytes)).sum());
  }

  private static List<RowLoop> loops(LossSpecialisation loss, CompiledKernel kernel) {
    MachineCode code = new MachineCode(new Cubin(kernel.code()).code(loss.entry()), kernel.target().architecture());
    return RowLoop.usual(RowLoop.of(code));
  }

  private static int elementBytes(LossSpecialisation loss) {
    return loss.student().bytes() + (loss.soft() ? loss.teacher().bytes() : 0);
  }

  private void printMainShapes() {
    for (String policy : DivergencePolicy.NAMES) {
      out.printf(Locale.ROOT, "%n%s + cross-entropy, T = 2, loss and gradient; on an H200 memory is the limit below"
          + " %.0f instructions and %.1f special ones per element in bf16, %.0f and %.1f in f32%n", policy,
          6 * INSTRUCTIONS_PER_BYTE, 6 * SPECIAL_PER_BYTE, 12 * INSTRUCTIONS_PER_BYTE, 12 * SPECIAL_PER_BYTE);
      out.printf(Locale.ROOT, "%5s %8s  %-32s %6s %6s %6s %8s %6s %7s %9s%n", "dtype", "classes", "row storage",
          "load", "sums", "ratios", "gradient", "all", "special", "x memory");
      for (DType dtype : List.of(DType.F32, DType.BF16)) {
        for (int classes : new int[] {32_000, 50_304, 128_256, 262_144}) {
          printShape(policy, dtype, classes);
        }
      }
    }
  }

  private void printShape(String policy, DType dtype, int classes) {
    LossSpecialisation loss = LossSpecialisation.of(
        dtype, dtype, dtype, policy, true, true, ExpReuse.SQUARED, Pass.FORWARD_BACKWARD, classes, limits);
    List<RowLoop> loops = loops(loss, compiler.compile(loss, Target.cubin(architecture)));
    int bytes = elementBytes(loss);
    double all = loops.stream().mapToDouble(loop -> loop.instructionsPerElement(bytes)).sum();
    double special = loops.stream().mapToDouble(loop -> loop.specialPerElement(bytes)).sum();
    double moved = 3.0 * dtype.bytes();
    out.printf(Locale.ROOT, "%5s %8d  %-32s %6.1f %6.1f %6.1f %8.1f %6.1f %7.2f %9.2f%n", dtype, classes,
        place(loss.plan()), of(loops, RowLoop.Purpose.LOAD, bytes), of(loops, RowLoop.Purpose.SUM, bytes),
        of(loops, RowLoop.Purpose.RATIO, bytes),
        of(loops, RowLoop.Purpose.GRADIENT, bytes), all, special,
        Math.max(all / (moved * INSTRUCTIONS_PER_BYTE), special / (moved * SPECIAL_PER_BYTE)));
  }

  private static double of(List<RowLoop> loops, RowLoop.Purpose purpose, int bytes) {
    return loops.stream().filter(loop -> loop.purpose() == purpose)
        .mapToDouble(loop -> loop.instructionsPerElement(bytes)).sum();
  }

  private static String place(RowPlan plan) {
    return plan.storage().macro() + ", " + plan.cluster() + " x " + plan.threads() + " threads";
  }
}

package dev.temper.tools.counts;

import dev.temper.DType;
import dev.temper.Divergence;
import dev.temper.cuda.nvrtc.CompiledKernel;
import dev.temper.cuda.nvrtc.KernelCompiler;
import dev.temper.cuda.nvrtc.KernelResources;
import dev.temper.cuda.nvrtc.Target;
import dev.temper.kernel.plan.Architecture;
import dev.temper.kernel.plan.DeviceLimits;
import dev.temper.kernel.plan.RowPlan;
import dev.temper.kernel.plan.RowPlans;
import dev.temper.kernel.spec.ExpReuse;
import dev.temper.kernel.spec.LossSpecialisation;
import dev.temper.spi.layout.DivergencePolicy;
import dev.temper.spi.layout.Pass;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Prints the instructions and resources of the loss kernels for shapes and plans: warp instructions of a row, special
 * functions of a class, the least cycles of a multiprocessor that a row takes, registers, spills, shared memory, and
 * bytes in flight on a multiprocessor. It needs NVRTC and no device.
 *
 * <p>The table has the cycles of memory at the measured copy rate of an H200, of the issue slots, and of the
 * special-function units. Memory limits the speed of a kernel if its cycles exceed the others by far. A kernel on that
 * card that sometimes waited for memory used 63 % of the issue slots.
 *
 * <p>{@code java --enable-native-access=ALL-UNNAMED -cp temper.jar dev.temper.tools.counts.ExecutedTable 90
 * 32000:bf16:forward-kl 1000:bf16:forward-kl:all}: a capability, then shapes as CLASSES:DTYPE:DIVERGENCE; a fourth part
 * is the name of a plan, or {@code all}. The loss is the divergence with the cross-entropy, T = 2, with its gradient.
 */
public final class ExecutedTable {

  private static final List<String> USUAL = List.of("32000:bf16:forward-kl", "128256:bf16:forward-kl",
      "1000:bf16:forward-kl", "32000:f32:forward-kl", "32000:bf16:jsd:0.5");
  private static final int REGISTERS = 65_536;
  private static final int THREADS = 2_048;
  private static final int BLOCKS = 32;
  /** Bytes of shared memory that the hardware reserves in every block. */
  private static final int RESERVED = 1_024;
  /** The copy rate of an H200, 4.18 TB/s, shared by 132 multiprocessors at 1.98 GHz. */
  private static final double BYTES_A_CYCLE = 4.18e12 / 132 / 1.98e9;

  private final KernelCompiler compiler;
  private final Architecture architecture;
  private final DeviceLimits limits;

  ExecutedTable(KernelCompiler compiler, Architecture architecture) {
    this.compiler = compiler;
    this.architecture = architecture;
    limits = DeviceLimits.ofCapability(architecture.major(), architecture.minor());
  }

  /** One line of the table. */
  record Line(RowPlan plan, RowInstructions instructions, KernelResources resources, long sharedBytes,
      long bytesInFlight) {}

  /** The first argument is a capability without the point; without shapes, the usual ones are printed. */
  public static void main(String[] arguments) {
    int capability = arguments.length == 0 ? 90 : Integer.parseInt(arguments[0]);
    ExecutedTable table = new ExecutedTable(KernelCompiler.ofMachine(), Architecture.ofNumber(capability));
    System.out.printf(Locale.ROOT, "%-28s %-26s %10s %8s %8s %8s %8s %8s %8s %9s %6s %7s %9s%n", "shape", "plan",
        "per row", "outside", "sweeps", "special", "memory", "issue", "units", "registers", "spills", "shared",
        "in flight");
    List<String> shapes = arguments.length < 2 ? USUAL : List.of(arguments).subList(1, arguments.length);
    for (String shape : shapes) {
      String[] parts = shape.split(":", 4);
      boolean planned = parts.length == 4 && !parts[3].matches("[0-9.]+");
      String divergence = parts.length == 4 && !planned ? parts[2] + ":" + parts[3] : parts[2];
      table.print(shape, Integer.parseInt(parts[0]), DType.valueOf(parts[1].toUpperCase(Locale.ROOT)),
          DivergencePolicy.of(Divergence.parse(divergence)).name(), planned ? parts[3] : "");
    }
  }

  private void print(String shape, int classes, DType dtype, String policy, String wanted) {
    List<RowPlan> plans = RowPlans.candidates(classes, dtype.bytes(), dtype.bytes(), true, limits).stream()
        .filter(plan -> wanted.isEmpty() || wanted.equals("all") || plan.label().equals(wanted)).toList();
    for (RowPlan plan : wanted.isEmpty() ? plans.subList(0, 1) : plans) {
      Line line = line(classes, dtype, policy, plan);
      RowInstructions row = line.instructions();
      System.out.printf(Locale.ROOT, "%-28s %-26s %10.0f %8d %8.0f %8.2f %8.0f %8.0f %8.0f %9d %6d %7d %9d%n", shape,
          plan.label(), row.perRow(), row.straight(), row.sweeps(), row.specialPerClass(classes),
          memoryCycles(classes, dtype), row.issueCycles(), row.specialCycles(), line.resources().registers(),
          line.resources().spillBytes(), line.sharedBytes(), line.bytesInFlight());
    }
  }

  /** The cycles in which a multiprocessor reads two tensors of a row and writes one, at the copy rate of an H200. */
  static double memoryCycles(int classes, DType dtype) {
    return 3.0 * dtype.bytes() * classes / BYTES_A_CYCLE;
  }

  /** Counts one plan. */
  Line line(int classes, DType dtype, String policy, RowPlan plan) {
    LossSpecialisation loss = new LossSpecialisation(dtype, dtype, dtype, policy, true, true, ExpReuse.SQUARED,
        Set.of(), Pass.FORWARD_BACKWARD, plan);
    CompiledKernel kernel = compiler.compile(loss, Target.cubin(architecture));
    MachineCode code = new MachineCode(new Cubin(kernel.code()).code(loss.entry()), architecture);
    KernelResources resources = kernel.resources().values().iterator().next();
    long shared = loss.sharedBytes(classes);
    long blocks = Math.min(Math.min(BLOCKS, THREADS / plan.threads()),
        Math.min(REGISTERS / (Math.ceilDiv(resources.registers(), 8) * 8L * plan.threads()),
            limits.sharedPerMultiprocessor() / (shared + RESERVED)));
    return new Line(plan, RowInstructions.of(code, plan, classes, dtype.bytes(), dtype.bytes()), resources, shared,
        blocks * plan.bytesInFlight(classes, dtype.bytes(), dtype.bytes()));
  }
}

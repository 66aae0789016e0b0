package dev.temper.emulator;

import dev.temper.DType;
import dev.temper.DeviceBuffer;
import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.Teacher;
import dev.temper.kernel.code.KernelSource;
import dev.temper.kernel.plan.DeviceLimits;
import dev.temper.kernel.plan.RowStorage;
import dev.temper.kernel.plan.RowPlan;
import dev.temper.kernel.plan.RowPlans;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/**
 * A process that counts the accesses of a loss to each logit. Aligned rows must be read once (once for each sweep if
 * they are re-read), and each gradient must be written once, in whole sectors of 32 bytes. The exit status is 1
 * otherwise.
 */
public final class TracedTraffic {

  private static final int ROWS = 4;
  private static final int SECTOR = 32;

  private static final int[] CLASSES = {16, 64, 208, 992, 2_048, 6_400, 30_000};
  /** Classes whose rows are stored otherwise on compute capability 8.0 than on 9.0 and 7.5. */
  private static final int[] IN_RINGS = {6_400, 30_000};

  private final DeviceLimits limits;
  private final LossEngine engine;
  private final Tracer tracer;
  private boolean holds = true;

  private TracedTraffic(DeviceLimits limits, LossEngine engine, Tracer tracer) {
    this.limits = limits;
    this.engine = engine;
    this.tracer = tracer;
  }

  /** The program has no arguments. */
  public static void main(String[] arguments) {
    boolean holds = true;
    HostKernels kernels = Emulator.kernels(HostBuild.TRACED, KernelSource::load);
    for (int capability : new int[] {90, 80, 75}) {
      Tracer tracer = new Tracer(kernels);
      try (Emulator emulator = Emulator.traced(capability / 10 + "." + capability % 10, kernels, tracer)) {
        TracedTraffic traffic = new TracedTraffic(DeviceLimits.ofCapability(capability / 10, capability % 10),
            emulator.engine(), tracer);
        for (int classes : capability == 80 ? IN_RINGS : CLASSES) {
          traffic.check(DType.F32, Divergence.forwardKl(), classes);
          traffic.check(DType.BF16, Divergence.forwardKl(), classes);
        }
        if (capability != 80) {
          traffic.check(DType.F16, Divergence.jensenShannon(0.5), 20_000);
          traffic.check(DType.F32, Divergence.jensenShannon(0.5), 10_000);
        }
        holds &= traffic.holds;
      }
    }
    System.exit(holds ? 0 : 1);
  }

  private void check(DType dtype, Divergence divergence, int classes) {
    DistillationLoss loss = DistillationLoss.builder().divergence(divergence).temperature(2).softWeight(0.7)
        .hardWeight(0.3).build();
    int values = ROWS * classes;
    try (DeviceBuffer student = filled(dtype, values, 1); DeviceBuffer teacher = filled(dtype, values, 2);
        DeviceBuffer labels = engine.allocate(4 * ROWS); DeviceBuffer gradient =
            engine.allocate((long) values * dtype.bytes())) {
      labels.upload(MemorySegment.ofArray(new int[] {0, classes - 1, classes / 2, 3}));
      engine.forwardBackward(loss, LossInputs.of(student.matrix(ROWS, classes, dtype))
          .withTeacher(Teacher.logits(teacher.matrix(ROWS, classes, dtype)))
          .withLabels(labels.labels(ROWS, DType.I32)), LossOutputs.gradient(gradient.matrix(ROWS, classes, dtype)))
          .totals();
      RowPlan plan = RowPlans.choose(classes, dtype.bytes(), dtype.bytes(), limits);
      // One sweep for the sums and one for the gradient; a divergence that needs p and q has two for the sums.
      int sweeps = divergence.equals(Divergence.forwardKl()) ? 2 : 3;
      int reads = plan.storage() instanceof RowStorage.Reread ? sweeps : 1;
      String where = dtype + " " + divergence.label() + " " + classes + " in " + plan + ": ";
      expect(where + "student", tracer.counts(student.address()), reads, 0, student.byteSize());
      expect(where + "teacher", tracer.counts(teacher.address()), reads, 0, teacher.byteSize());
      expect(where + "gradient", tracer.counts(gradient.address()), 0, 1, gradient.byteSize());
    }
  }

  private void expect(String what, Tracer.Counts found, int reads, int writes, long bytes) {
    Tracer.Counts expected =
        new Tracer.Counts(reads * bytes, writes * bytes, reads * bytes / SECTOR, writes * bytes / SECTOR, reads,
        writes);
    if (!found.equals(expected)) {
      holds = false;
      System.out.println(what + " has " + found + ", expected " + expected);
    }
  }

  private DeviceBuffer filled(DType dtype, int values, long seed) {
    Random random = new Random(seed);
    MemorySegment content;
    if (dtype == DType.F32) {
      float[] floats = new float[values];
      for (int i = 0; i < values; i++) {
        floats[i] = (float) random.nextGaussian();
      }
      content = MemorySegment.ofArray(floats);
    } else {
      short[] halves = new short[values];
      for (int i = 0; i < values; i++) {
        float value = (float) random.nextGaussian();
        halves[i] = dtype == DType.F16 ? Float.floatToFloat16(value) : (short) (Float.floatToRawIntBits(value) >>> 16);
      }
      content = MemorySegment.ofArray(halves);
    }
    DeviceBuffer buffer = engine.allocate(content.byteSize());
    buffer.upload(content);
    return buffer;
  }
}

package dev.temper.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DeviceException;
import dev.temper.DistillationLoss;
import dev.temper.EngineOptions;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.OpenedEngine;
import dev.temper.PreparedLoss;
import dev.temper.Reduction;
import dev.temper.RowStatistics;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.KernelLaunch;
import dev.temper.kernel.run.KernelEngine;
import dev.temper.kernel.spec.Specialisation;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The operations of a launch, and the memory that it leaves for the next one. */
final class ChainTest {

  private static final DistillationLoss LOSS = DistillationLoss.hinton(2, 0.7);

  private final List<String> operations = new ArrayList<>();
  private final DeviceBatch batch = new DeviceBatch(5, 100, 5);
  private String refused = "";
  private LossEngine engine;

  @BeforeEach
  void open() {
    Emulator.assumeUsable();
    HostKernels kernels = HostKernels.of(HostCompiler.find(System.getenv()), HostBuild.PLAIN);
    KernelDevice device = new EmulatedDevice(kernels, new EmulatorSettings("9.0", "run-ahead", 7, HostBuild.PLAIN));
    engine = OpenedEngine.over("emulator", new KernelEngine((KernelDevice) Proxy.newProxyInstance(
        KernelDevice.class.getClassLoader(), new Class<?>[] {KernelDevice.class}, (proxy, method, given) -> {
          if (List.of("zero", "copy", "upload", "download", "synchronize").contains(method.getName())) {
            operations.add(method.getName());
          }
          try {
            Object result = method.invoke(device, given);
            return result instanceof KernelLaunch launch ? noted(((Specialisation) given[0]).source(), launch) : result;
          } catch (InvocationTargetException e) {
            throw e.getCause();
          }
        }), EngineOptions.defaults()));
  }

  private KernelLaunch noted(String kernel, KernelLaunch launch) {
    return () -> {
      operations.add(kernel);
      if (kernel.equals(refused)) {
        throw new DeviceException("launch of " + kernel, 1, "REFUSED", "this is a test");
      }
      launch.run();
    };
  }

  @AfterEach
  void close() {
    if (engine != null) {
      engine.close();
    }
  }

  @Test
  void aLaunchIsItsKernelsAndNothingElse() {
    try (DeviceBatch.Buffers buffers = batch.new Buffers(engine);
        PreparedLoss prepared = engine.prepare(LOSS, buffers.inputs(), buffers.outputs())) {
      for (int i = 0; i < 3; i++) {
        operations.clear();
        prepared.launch();
        assertThat(operations).containsExactly("check.cu", "loss.cu", "totals.cu");
      }
      engine.forwardBackward(LOSS, buffers.inputs(), buffers.outputs());
      operations.clear();
      engine.forwardBackward(LOSS, buffers.inputs(), buffers.outputs()).totals();
      assertThat(operations).containsExactly("check.cu", "loss.cu", "totals.cu");
    }
  }

  @Test
  void onlyWhatCanBeInvalidIsChecked() {
    DistillationLoss soft = DistillationLoss.builder().softWeight(1).hardWeight(0).temperature(2).build();
    HostMatrix student = HostMatrix.of(batch.student, 5, 100);
    LossInputs inputs = LossInputs.of(student).withTeacher(Teacher.logits(HostMatrix.of(batch.teacher, 5, 100)));
    LossTotals all = launched(soft, inputs, "loss.cu", "totals.cu");
    assertThat(all.countedRows()).isEqualTo(5);
    assertThat(all.total()).isPositive();
    assertThat(launched(soft, inputs.withLabels(RowVector.labels(batch.labels)), "check.cu", "loss.cu", "totals.cu"))
        .isEqualTo(all);
    assertThat(launched(soft, inputs.withRowWeights(RowVector.weights(new float[] {1, 1, 1, 1, 1})), "check.cu",
        "loss.cu", "totals.cu")).isEqualTo(all);
    assertThat(launched(soft, inputs.withRowTemperatures(RowVector.temperatures(new float[] {2, 2, 2, 2, 2})),
        "check.cu", "loss.cu", "totals.cu")).isEqualTo(all);
  }

  private LossTotals launched(DistillationLoss loss, LossInputs inputs, String... kernels) {
    operations.clear();
    LossTotals totals = engine.forwardBackward(loss, inputs,
        LossOutputs.gradient(HostMatrix.of(new float[500], 5, 100))).totals();
    assertThat(kernels()).containsExactly(kernels);
    return totals;
  }

  /** The operations for host tensors, with their copies. */
  private List<String> kernels() {
    return operations.stream().filter(operation -> operation.endsWith(".cu")).toList();
  }

  /** Tests that the report of a backward pass holds the invalid row although there are no totals. */
  @Test
  void aBackwardPassReportsInvalidRowsAndHasNoTotals() {
    HostMatrix student = HostMatrix.of(batch.student, 5, 100);
    LossInputs inputs = LossInputs.of(student).withTeacher(Teacher.logits(HostMatrix.of(batch.teacher, 5, 100)))
        .withLabels(RowVector.labels(batch.labels));
    RowStatistics statistics = engine.allocateStatistics(5);
    engine.forward(LOSS, inputs, LossOutputs.none().withStatistics(statistics)).totals();
    float[] gradient = new float[500];
    int[] labels = batch.labels.clone();
    labels[2] = 100;
    assertThatThrownBy(() -> engine.backward(LOSS, inputs.withLabels(RowVector.labels(labels)), statistics,
        LossOutputs.gradient(HostMatrix.of(gradient, 5, 100))))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("labels: row 2 has label 100");
    assertThat(gradient).containsOnly(0);
    operations.clear();
    engine.backward(LOSS, inputs, statistics, LossOutputs.gradient(HostMatrix.of(gradient, 5, 100)));
    assertThat(kernels()).containsExactly("check.cu", "loss.cu", "totals.cu");
    assertThat(MemorySegment.ofArray(gradient).mismatch(batch.onHeap(engine).gradient())).isEqualTo(-1);
    DistillationLoss soft = DistillationLoss.builder().softWeight(1).hardWeight(0).temperature(2).build();
    engine.forward(soft, inputs.withLabels(null), LossOutputs.none().withStatistics(statistics)).totals();
    operations.clear();
    engine.backward(soft, inputs.withLabels(null), statistics, LossOutputs.gradient(HostMatrix.of(gradient, 5, 100)));
    assertThat(kernels()).containsExactly("loss.cu");
  }

  @ParameterizedTest
  @ValueSource(strings = {"check.cu", "loss.cu", "totals.cu"})
  void aLaunchThatFailsHalfWayLeavesNothingForTheNext(String kernel) {
    LossTotals expected = batch.onHeap(engine).totals();
    try (DeviceBatch.Buffers buffers = batch.new Buffers(engine);
        PreparedLoss prepared = engine.prepare(LOSS, buffers.inputs(), buffers.outputs())) {
      prepared.launch();
      int[] labels = batch.labels.clone();
      labels[1] = -3;
      buffers.ofLabels.upload(MemorySegment.ofArray(labels));
      refused = kernel;
      assertThatThrownBy(prepared::launch).isInstanceOf(DeviceException.class);
      assertThatThrownBy(() -> engine.forwardBackward(LOSS, buffers.inputs(), buffers.outputs()))
          .isInstanceOf(DeviceException.class);
      refused = "";
      buffers.ofLabels.upload(MemorySegment.ofArray(batch.labels));
      for (int i = 0; i < 2; i++) {
        prepared.launch();
        assertThat(prepared.totals()).isEqualTo(expected);
        assertThat(engine.forwardBackward(LOSS, buffers.inputs(), buffers.outputs()).totals()).isEqualTo(expected);
      }
    }
  }

  /** Tests more rows than one block of the totals kernel adds up. */
  @Test
  void theCountOfFinishedBlocksStartsAnewWithEachLaunch() {
    int rows = 9_000;
    float[] student = new float[2 * rows];
    for (int i = 0; i < student.length; i++) {
      student[i] = i % 7;
    }
    int[] labels = new int[rows];
    DistillationLoss hard = DistillationLoss.builder().softWeight(0).hardWeight(1).reduction(Reduction.SUM).build();
    LossInputs inputs = LossInputs.of(HostMatrix.of(student, rows, 2)).withLabels(RowVector.labels(labels));
    LossTotals first = engine.forward(hard, inputs, LossOutputs.none()).totals();
    assertThat(first.countedRows()).isEqualTo(rows);
    int[] bad = labels.clone();
    bad[rows - 1] = 2;
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> engine.forward(hard, inputs.withLabels(RowVector.labels(bad)), LossOutputs.none())
          .totals())
          .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("labels: row 8999 has label 2");
      assertThat(engine.forward(hard, inputs, LossOutputs.none()).totals()).isEqualTo(first);
    }
  }

  /** Tests a batch without rows, whose result slot may still hold the report of an earlier call. */
  @Test
  void noRowsLaunchNothingAndHaveNoTotals() {
    batch.onHeap(engine);
    batch.onHeap(engine);
    operations.clear();
    LossInputs inputs = LossInputs.of(HostMatrix.of(new float[0], 0, 100))
        .withTeacher(Teacher.logits(HostMatrix.of(new float[0], 0, 100)))
        .withLabels(RowVector.labels(new int[0]));
    assertThat(engine.forward(LOSS, inputs, LossOutputs.none()).totals()).isEqualTo(LossTotals.of(0, 0, 0, 0, 0, 0));
    assertThat(kernels()).isEmpty();
  }
}

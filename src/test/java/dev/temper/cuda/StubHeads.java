package dev.temper.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.DType;
import dev.temper.DeviceBuffer;
import dev.temper.DeviceMatrix;
import dev.temper.DistillationLoss;
import dev.temper.EngineOptions;
import dev.temper.HostMatrix;
import dev.temper.LinearHead;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossResult;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.cuda.cublas.CublasSearch;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;

/** A small batch of hidden states with two linear heads, and engines that compute it on the stand-in driver. */
abstract class StubHeads extends StubEngine {

  static final DistillationLoss LOSS =
      DistillationLoss.builder().temperature(2).softWeight(0.7).hardWeight(0.3).build();
  static final int ROWS = 9;
  static final int CLASSES = 37;
  static final int FEATURES = 7;
  private static final int TEACHER_FEATURES = 11;

  private final Random random = new Random(7);
  private final float[] hidden = floats(ROWS * FEATURES);
  private final float[] weight = floats(CLASSES * FEATURES);
  private final float[] bias = floats(CLASSES);
  private final float[] teacherHidden = floats(ROWS * TEACHER_FEATURES);
  private final float[] teacherWeight = floats(CLASSES * TEACHER_FEATURES);
  final int[] batchLabels = random.ints(ROWS, 0, CLASSES).toArray();

  @AfterEach
  void clearTheLibraryProperty() {
    System.clearProperty(CublasSearch.LIBRARY_PROPERTY);
  }

  final LossEngine open(int major) {
    return openWithCublas(major, EngineOptions.defaults());
  }

  final LossEngine open(BorrowedStream stream) {
    return openWithCublas(12, EngineOptions.defaults().withStream(stream.handle()));
  }

  private LossEngine openWithCublas(int major, EngineOptions options) {
    System.setProperty(CublasSearch.LIBRARY_PROPERTY, StubCublas.library(major).toString());
    return open(0, options.withHeadWorkspace(2600));
  }

  /** A call with tensors on the device, or in host memory. */
  final class Run {
    final LossEngine engine;
    final DType dtype;
    final MatrixView hiddenGradient;
    final MatrixView weightGradient;
    final MatrixView biasGradient;
    final @Nullable DeviceBuffer labels;
    LossInputs inputs;
    DistillationLoss loss = LOSS;

    Run(LossEngine engine, DType dtype, boolean onDevice) {
      this.engine = engine;
      this.dtype = dtype;
      hiddenGradient = matrix(null, ROWS, FEATURES, onDevice);
      weightGradient = matrix(null, CLASSES, FEATURES, onDevice);
      biasGradient = matrix(null, 1, CLASSES, onDevice);
      LinearHead head = LinearHead.of(matrix(weight, CLASSES, FEATURES, onDevice))
          .withBias(matrix(bias, 1, CLASSES, onDevice));
      LinearHead teacher = LinearHead.of(matrix(teacherWeight, CLASSES, TEACHER_FEATURES, onDevice));
      labels = onDevice ? buffer(engine, MemorySegment.ofArray(batchLabels)) : null;
      inputs = LossInputs.hidden(matrix(hidden, ROWS, FEATURES, onDevice), head)
          .withTeacher(Teacher.hidden(matrix(teacherHidden, ROWS, TEACHER_FEATURES, onDevice), teacher))
          .withLabels(labels == null ? RowVector.labels(batchLabels) : labels.labels(ROWS, DType.I32));
    }

    LossOutputs outputs() {
      return LossOutputs.gradient(hiddenGradient).withWeightGradient(weightGradient).withBiasGradient(biasGradient);
    }

    LossResult compute() {
      return engine.forwardBackward(loss, inputs, outputs());
    }

    double[] hiddenAfter(LossResult result) {
      assertThat(result.totals().countedRows()).isEqualTo(ROWS);
      return read(hiddenGradient, ROWS * FEATURES);
    }

    double[][] gradients() {
      assertThat(compute().totals().countedRows()).isEqualTo(ROWS - 1);
      return written();
    }

    double[][] written() {
      return new double[][] {read(hiddenGradient, ROWS * FEATURES), read(weightGradient, CLASSES * FEATURES),
          read(biasGradient, CLASSES)};
    }

    /** Fills the gradients, which lie on the device. */
    void fill(float value) {
      for (MatrixView matrix : new MatrixView[] {hiddenGradient, weightGradient, biasGradient}) {
        MemorySegment memory = StubDriver.at(((DeviceMatrix) matrix).address(), matrix.byteSize());
        for (long at = 0; at < memory.byteSize(); at += dtype.bytes()) {
          if (dtype == DType.F32) {
            memory.set(JAVA_FLOAT.withByteAlignment(1), at, value);
          } else {
            memory.set(JAVA_SHORT.withByteAlignment(1), at, dtype.narrow(value));
          }
        }
      }
    }

    private MatrixView matrix(float @Nullable [] values, int rows, int columns, boolean onDevice) {
      MemorySegment host = MemorySegment.ofArray(new byte[rows * columns * dtype.bytes()]);
      for (int i = 0; i < rows * columns && values != null; i++) {
        if (dtype == DType.F32) {
          host.set(JAVA_FLOAT.withByteAlignment(1), 4L * i, values[i]);
        } else {
          host.set(JAVA_SHORT.withByteAlignment(1), 2L * i, dtype.narrow(values[i]));
        }
      }
      if (!onDevice) {
        return HostMatrix.of(host, rows, columns, dtype);
      }
      DeviceBuffer buffer = values == null ? engine.allocate(host.byteSize()) : buffer(engine, host);
      return buffer.matrix(rows, columns, dtype);
    }

    double[] read(MatrixView matrix, int count) {
      engine.synchronize();
      MemorySegment values = matrix instanceof HostMatrix host ? host.segment()
          : StubDriver.at(((DeviceMatrix) matrix).address(), matrix.byteSize());
      double[] read = new double[count];
      for (int i = 0; i < count; i++) {
        read[i] = dtype == DType.F32 ? values.get(JAVA_FLOAT.withByteAlignment(1), 4L * i)
            : dtype.widen(values.get(JAVA_SHORT.withByteAlignment(1), 2L * i));
      }
      return read;
    }
  }

  static float first(MatrixView matrix) {
    return StubDriver.at(((DeviceMatrix) matrix).address(), 4).get(JAVA_FLOAT, 0);
  }

  static DeviceBuffer buffer(LossEngine engine, MemorySegment content) {
    DeviceBuffer buffer = engine.allocate(content.byteSize());
    buffer.upload(content);
    return buffer;
  }

  private float[] floats(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}

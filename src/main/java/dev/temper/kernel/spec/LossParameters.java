package dev.temper.kernel.spec;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.LossInputs;
import dev.temper.MatrixView;
import dev.temper.Reduction;
import dev.temper.RowVector;
import dev.temper.spi.LossCall;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * The struct that the loss, check and totals kernels take by value: {@code temper::LossParameters} of {@code
 * kernels/parameters.h}, whose sizes and offsets a test compares with the C++ compiler's.
 */
public final class LossParameters {

  /** Names, types and order as in C++. */
  public static final StructLayout LAYOUT = new Struct()
      .add(JAVA_LONG, "student", "teacher", "gradient", "labels", "row_weights", "row_temperatures", "row_soft",
      "row_hard",
          "statistics", "status", "report", "finished_blocks", "parts")
      .add(JAVA_LONG, "rows", "student_stride", "teacher_stride", "gradient_stride", "statistics_stride",
      "ignore_index")
      .add(JAVA_DOUBLE, "divisor", "gradient_scale", "soft_weight", "hard_weight")
      .add(JAVA_INT, "classes", "gradient_width", "label_bytes", "divisor_kind", "temperature_scaling")
      .add(JAVA_FLOAT, "temperature", "divergence_parameter", "divergence_complement")
      .build();

  private static final long STUDENT = at("student");
  private static final long TEACHER = at("teacher");
  private static final long GRADIENT = at("gradient");
  private static final long LABELS = at("labels");
  private static final long ROW_WEIGHTS = at("row_weights");
  private static final long ROW_TEMPERATURES = at("row_temperatures");
  private static final long ROW_SOFT = at("row_soft");
  private static final long ROW_HARD = at("row_hard");
  private static final long STATISTICS = at("statistics");
  private static final long STATUS = at("status");
  private static final long REPORT = at("report");
  private static final long FINISHED_BLOCKS = at("finished_blocks");
  private static final long PARTS = at("parts");
  private static final long ROWS = at("rows");
  private static final long STUDENT_STRIDE = at("student_stride");
  private static final long TEACHER_STRIDE = at("teacher_stride");
  private static final long GRADIENT_STRIDE = at("gradient_stride");
  private static final long STATISTICS_STRIDE = at("statistics_stride");
  private static final long IGNORE_INDEX = at("ignore_index");
  private static final long DIVISOR = at("divisor");
  private static final long GRADIENT_SCALE = at("gradient_scale");
  private static final long SOFT_WEIGHT = at("soft_weight");
  private static final long HARD_WEIGHT = at("hard_weight");
  private static final long CLASSES = at("classes");
  private static final long GRADIENT_WIDTH = at("gradient_width");
  private static final long LABEL_BYTES = at("label_bytes");
  private static final long DIVISOR_KIND = at("divisor_kind");
  private static final long TEMPERATURE_SCALING = at("temperature_scaling");
  private static final long TEMPERATURE = at("temperature");
  private static final long DIVERGENCE_PARAMETER = at("divergence_parameter");
  private static final long DIVERGENCE_COMPLEMENT = at("divergence_complement");

  private static final int DIVISOR_GIVEN = 0;
  private static final int DIVISOR_COUNTED_ROWS = 1;

  private LossParameters() {}

  /**
   * Addresses as the kernels use them: device addresses, or host addresses on the emulator. 0 means absent.
   *
   * @param student logits
   * @param teacher logits
   * @param gradient out
   * @param labels [rows]
   * @param rowWeights [rows]
   * @param rowTemperatures [rows]
   * @param rowSoft out [rows]; not 0 in a forward pass, because the totals are sums of it, and 0 in a backward pass
   * @param rowHard out [rows], as {@code rowSoft}
   * @param statistics out [rows, 8] of a forward pass, in of a backward pass
   * @param status {@link BatchStatus}; 0 without a check
   * @param report {@link BatchReport} in mapped host memory
   * @param finishedBlocks 8 bytes for the number of finished blocks of the totals kernel
   * @param parts sums of each block of the totals kernel
   */
  public record Addresses(long student, long teacher, long gradient, long labels, long rowWeights, long rowTemperatures,
      long rowSoft, long rowHard, long statistics, long status, long report, long finishedBlocks, long parts) {}

  /** Fills a block of {@link #LAYOUT}. Strides are those of the call's views. */
  public static void write(MemorySegment block, LossCall call, Addresses addresses) {
    writeAddresses(block, addresses);
    DistillationLoss loss = call.loss();
    LossInputs inputs = call.inputs();
    MatrixView student = inputs.student();
    MatrixView teacher = call.teacherLogits();
    MatrixView gradient = call.outputs().gradient();
    MatrixView statistics = call.savedStatistics() != null ? call.savedStatistics() : call.statistics();
    RowVector labels = inputs.labels();
    block.set(JAVA_LONG, ROWS, student.rows());
    block.set(JAVA_LONG, STUDENT_STRIDE, student.rowStride());
    block.set(JAVA_LONG, TEACHER_STRIDE, teacher == null ? 0 : teacher.rowStride());
    block.set(JAVA_LONG, GRADIENT_STRIDE, gradient == null ? 0 : gradient.rowStride());
    block.set(JAVA_LONG, STATISTICS_STRIDE, statistics == null ? 0 : statistics.rowStride());
    block.set(JAVA_LONG, IGNORE_INDEX, loss.ignoreIndex());
    writeDivisor(block, loss.reduction(), inputs);
    block.set(JAVA_DOUBLE, GRADIENT_SCALE, inputs.gradientScale());
    block.set(JAVA_DOUBLE, SOFT_WEIGHT, loss.softWeight());
    block.set(JAVA_DOUBLE, HARD_WEIGHT, loss.hardWeight());
    block.set(JAVA_INT, CLASSES, call.classes());
    block.set(JAVA_INT, GRADIENT_WIDTH, gradient == null ? 0 : gradient.classes());
    block.set(JAVA_INT, LABEL_BYTES, labels == null ? DType.I64.bytes() : labels.dtype().bytes());
    block.set(JAVA_INT, TEMPERATURE_SCALING, loss.temperatureScaling() ? 1 : 0);
    block.set(JAVA_FLOAT, TEMPERATURE, (float) loss.temperature());
    double parameter = LossSpecialisation.Policy.parameter(loss.divergence());
    block.set(JAVA_FLOAT, DIVERGENCE_PARAMETER, (float) parameter);
    block.set(JAVA_FLOAT, DIVERGENCE_COMPLEMENT, (float) (1 - parameter));
  }

  private static void writeAddresses(MemorySegment block, Addresses addresses) {
    block.set(JAVA_LONG, STUDENT, addresses.student());
    block.set(JAVA_LONG, TEACHER, addresses.teacher());
    block.set(JAVA_LONG, GRADIENT, addresses.gradient());
    block.set(JAVA_LONG, LABELS, addresses.labels());
    block.set(JAVA_LONG, ROW_WEIGHTS, addresses.rowWeights());
    block.set(JAVA_LONG, ROW_TEMPERATURES, addresses.rowTemperatures());
    block.set(JAVA_LONG, ROW_SOFT, addresses.rowSoft());
    block.set(JAVA_LONG, ROW_HARD, addresses.rowHard());
    block.set(JAVA_LONG, STATISTICS, addresses.statistics());
    block.set(JAVA_LONG, STATUS, addresses.status());
    block.set(JAVA_LONG, REPORT, addresses.report());
    block.set(JAVA_LONG, FINISHED_BLOCKS, addresses.finishedBlocks());
    block.set(JAVA_LONG, PARTS, addresses.parts());
  }

  /** The divisor is unknown here only for a mean over the rows that are not ignored, which the check counts. */
  private static void writeDivisor(MemorySegment block, Reduction reduction, LossInputs inputs) {
    double given = switch (reduction) {
      case NONE, SUM -> 1;
      case MEAN -> inputs.denominator().orElse(Double.NaN);
      case BATCH_MEAN -> inputs.denominator().orElse((double) inputs.student().rows());
    };
    block.set(JAVA_INT, DIVISOR_KIND, Double.isNaN(given) ? DIVISOR_COUNTED_ROWS : DIVISOR_GIVEN);
    block.set(JAVA_DOUBLE, DIVISOR, Double.isNaN(given) ? 0 : given);
  }

  private static long at(String field) {
    return Struct.offset(LAYOUT, field);
  }
}

package dev.temper.cpu;

import static dev.temper.cpu.ShapeStruct.offset;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.temper.MatrixView;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/** Mirrors the struct PrimitiveParameters of native/cpu/job.h. */
final class PrimitiveStruct {

  static final StructLayout LAYOUT = MemoryLayout.structLayout(
      JAVA_LONG.withName("rows"), JAVA_LONG.withName("classes"),
      ShapeStruct.LAYOUT.withName("input"), ShapeStruct.LAYOUT.withName("upstream"),
      ShapeStruct.LAYOUT.withName("output"),
      JAVA_DOUBLE.withName("temperature"), JAVA_INT.withName("primitive"), JAVA_INT.withName("output_bytes"));

  static final long OUTPUT = offset(LAYOUT, "output");
  static final long PRIMITIVE = offset(LAYOUT, "primitive");

  private static final long ROWS = offset(LAYOUT, "rows");
  private static final long CLASSES = offset(LAYOUT, "classes");
  private static final long INPUT = offset(LAYOUT, "input");
  private static final long UPSTREAM = offset(LAYOUT, "upstream");
  private static final long TEMPERATURE = offset(LAYOUT, "temperature");
  private static final long OUTPUT_BYTES = offset(LAYOUT, "output_bytes");

  /** The codes are those of native/cpu/job.h. */
  enum Kind {
    SOFTMAX(0),
    LOG_SOFTMAX(1),
    LOG_SOFTMAX_BACKWARD(2),
    ARGMAX(3);

    private final int code;

    Kind(int code) {
      this.code = code;
    }
  }

  private PrimitiveStruct() {}

  /**
   * Writes the parameters of a map from rows to rows. The upstream gradient has the shape of the logits, but its own
   * dtype and stride.
   */
  static void write(Kind kind, MatrixView logits, double temperature, MatrixView upstream, MatrixView output,
      MemorySegment to) {
    write(kind, logits, temperature, to);
    ShapeStruct.put(to, UPSTREAM, upstream);
    ShapeStruct.put(to, OUTPUT, output);
  }

  static void writeArgmax(MatrixView logits, int outputBytes, MemorySegment to) {
    write(Kind.ARGMAX, logits, 1, to);
    to.set(JAVA_INT, OUTPUT_BYTES, outputBytes);
  }

  private static void write(Kind kind, MatrixView logits, double temperature, MemorySegment to) {
    to.set(JAVA_LONG, ROWS, logits.rows());
    to.set(JAVA_LONG, CLASSES, (long) logits.classes());
    ShapeStruct.put(to, INPUT, logits);
    to.set(JAVA_DOUBLE, TEMPERATURE, temperature);
    to.set(JAVA_INT, PRIMITIVE, kind.code);
  }
}

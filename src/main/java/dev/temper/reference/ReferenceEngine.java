package dev.temper.reference;

import static dev.temper.reference.ReferenceLoss.host;

import dev.temper.HostMatrix;
import dev.temper.LossOutputs;
import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.MatrixView;
import dev.temper.RowOutput;
import dev.temper.RowVector;
import dev.temper.TopKLists;
import dev.temper.spi.Capabilities;
import dev.temper.spi.EngineBackend;
import dev.temper.spi.LossCall;
import dev.temper.spi.Products;
import dev.temper.spi.Support;
import java.lang.foreign.ValueLayout;

/**
 * Computes every loss on the caller's thread in f64. Host matrices may have any dtype, and each output is rounded once
 * from f64.
 *
 * <p>Row statistics hold {@code T^2 D} of the row in column 0, its cross-entropy in column 1 and 0 in the other
 * columns. {@code backward} computes from the logits again, because statistics in f32 would limit its precision.
 */
final class ReferenceEngine implements EngineBackend {

  @Override
  public String describe() {
    return "reference (f64, one thread, slow)";
  }

  @Override
  public Support supports(LossCall call) {
    return Capabilities.all().check(call);
  }

  @Override
  public LossResult compute(LossCall call) {
    LossOutputs outputs = call.outputs();
    double[] statistics = new double[LossCall.STATISTICS_COLUMNS];
    LossTotals totals = totals(call, (row, values, gradient) -> {
      for (RowOutput output : RowOutput.values()) {
        if (outputs.row(output) instanceof RowVector.Host vector) {
          float value = (float) values.applyAsDouble(output);
          vector.segment().set(ValueLayout.JAVA_FLOAT_UNALIGNED, row * Float.BYTES, value);
        }
      }
      if (call.statistics() != null) {
        statistics[0] = values.applyAsDouble(RowOutput.SOFT);
        statistics[1] = values.applyAsDouble(RowOutput.HARD);
        Elements.write(statistics, host("statistics", call.statistics()), row);
      }
      if (outputs.addsToGradient()) {
        Elements.add(gradient, host("gradient", outputs.gradient()), row);
      } else if (outputs.gradient() != null) {
        Elements.write(gradient, host("gradient", outputs.gradient()), row);
      }
    });
    return () -> totals;
  }

  @Override
  public Products products() {
    return new ReferenceProducts();
  }

  @Override
  public void logSoftmax(MatrixView logits, double temperature, MatrixView output) {
    RowMaps.logSoftmax(host("logits", logits), temperature, host("output", output));
  }

  @Override
  public void logSoftmaxBackward(MatrixView logits, double temperature, MatrixView upstream, MatrixView output) {
    HostMatrix gradient = host("output", output);
    RowMaps.logSoftmaxBackward(host("logits", logits), temperature, host("upstream", upstream), gradient);
  }

  @Override
  public void softmax(MatrixView logits, MatrixView output) {
    RowMaps.softmax(host("logits", logits), host("output", output));
  }

  @Override
  public void argmax(MatrixView logits, RowVector output) {
    if (!(output instanceof RowVector.Host indices)) {
      throw new IllegalArgumentException("output is " + output + ", expected a view of host memory");
    }
    RowMaps.argmax(host("logits", logits), indices);
  }

  @Override
  public void topK(MatrixView logits, TopKLists into) {
    RowMaps.topK(host("logits", logits), into);
  }

  @Override
  public void close() {}

  /**
   * Computes a batch from tensors that may be mapped from a file. Another process can shorten the file during the call,
   * and Java then throws an InternalError for the pages behind its new end.
   */
  private static LossTotals totals(LossCall call, RowConsumer rows) {
    try {
      return ReferenceLoss.compute(call.loss(), call.inputs(), call.outputs(), rows);
    } catch (InternalError e) {
      throw new IllegalStateException(
          "a tensor's memory cannot be read: the file that it is mapped from became shorter during the call", e);
    }
  }
}

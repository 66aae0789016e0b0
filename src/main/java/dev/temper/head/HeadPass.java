package dev.temper.head;

import dev.temper.HostMatrix;
import dev.temper.LinearHead;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.MatrixView;
import dev.temper.RowOutput;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.head.HeadPlan.Region;
import dev.temper.spi.ChunkedLoss;
import dev.temper.spi.EngineBackend;
import dev.temper.spi.LossCall;
import dev.temper.spi.Products;
import dev.temper.spi.Products.Operand;
import java.util.Objects;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Computes the chunks of one call: logits, row loss, and the gradients with respect to weight, bias and hidden states.
 */
final class HeadPass {

  private final EngineBackend backend;
  private final Products products;
  private final LossCall call;
  private final HeadPlan plan;
  private final HeadMemory memory;
  private final HeadScale scale;
  private final LossOutputs outputs;
  private final LinearHead head;
  private final MatrixView hidden;
  private final Teacher.@Nullable Hidden teacher;

  HeadPass(EngineBackend backend, Products products, LossCall call, HeadPlan plan, HeadMemory memory,
      HeadScale scale) {
    this.backend = backend;
    this.products = products;
    this.call = call;
    this.plan = plan;
    this.memory = memory;
    this.scale = scale;
    outputs = call.outputs();
    head = Objects.requireNonNull(call.inputs().head());
    hidden = call.inputs().student();
    teacher = call.usesTeacher() && call.inputs().teacher() instanceof Teacher.Hidden given ? given : null;
  }

  /** Returns the loss of the first chunk. An engine that computes it computes the losses of all chunks. */
  LossCall firstChunk() {
    return chunk(0, end(0));
  }

  /** Makes the loss of a chunk ready. */
  ChunkedLoss.Chunk ready(ChunkedLoss losses, long chunk) {
    long from = chunk * plan.chunkRows();
    return losses.chunk(chunk(from, end(from)), from);
  }

  /** Fills the columns of ones, which the chunks read. */
  void fillOnes() {
    fillOnes(plan.ones());
    fillOnes(plan.teacherOnes());
  }

  /**
   * Computes all chunks.
   *
   * @param losses the loss of each chunk, by the number of the chunk
   */
  void run(LongFunction<ChunkedLoss.Chunk> losses) {
    for (long chunk = 0; chunk < plan.chunks(); chunk++) {
      run(chunk, losses);
    }
    store(plan.weightSum(), outputs.addsToWeightGradient(), outputs.weightGradient());
    store(plan.biasSum(), outputs.addsToBiasGradient(), outputs.biasGradient());
  }

  private void run(long chunk, LongFunction<ChunkedLoss.Chunk> losses) {
    long from = chunk * plan.chunkRows();
    long to = end(from);
    logits(hidden.rows(from, to), head, plan.ones(), memory.matrix(plan.student(), to - from));
    if (teacher != null && plan.teacher() != null) {
      logits(teacher.states().rows(from, to), teacher.head(), plan.teacherOnes(),
          memory.matrix(plan.teacher(), to - from));
    }
    losses.apply(chunk).run();
    MatrixView gradient = gradient(to - from);
    if (gradient != null) {
      multiplyBack(gradient, from, to);
    }
  }

  /**
   * Returns where a chunk writes the gradient with respect to its logits: over the logits if it has no memory of its
   * own.
   */
  private @Nullable MatrixView gradient(long rows) {
    return outputs.hasGradient() ? memory.matrix(plan.gradient() == null ? plan.student() : plan.gradient(), rows)
        : null;
  }

  private long end(long from) {
    return Math.min(from + plan.chunkRows(), plan.rows());
  }

  private void logits(MatrixView states, LinearHead by, @Nullable Region ones, MatrixView result) {
    MatrixView bias = by.bias();
    if (bias != null && ones != null) {
      products.multiply(1, Operand.of(memory.matrix(ones, states.rows())), Operand.of(bias), 0, result);
    }
    products.multiply(1, Operand.of(states), Operand.transposed(by.weight()), bias == null ? 0 : 1, result);
  }

  private LossCall chunk(long from, long to) {
    LossInputs all = call.inputs();
    MatrixView logits = memory.matrix(plan.student(), to - from);
    MatrixView teacherLogits = plan.teacher() == null ? null : memory.matrix(plan.teacher(), to - from);
    LossInputs inputs = LossInputs.of(logits)
        .withTeacher(call.usesTeacher() ? TeacherSlice.of(all.teacher(), teacherLogits, from, to) : null)
        .withLabels(rows(all.labels(), from, to))
        .withRowWeights(rows(all.rowWeights(), from, to))
        .withRowTemperatures(rows(all.rowTemperatures(), from, to));
    MatrixView gradient = gradient(to - from);
    LossOutputs written = gradient == null ? LossOutputs.none()
        : plan.gradient() == null ? LossOutputs.gradientInPlace(logits) : LossOutputs.gradient(gradient);
    for (RowOutput output : RowOutput.values()) {
      written = written.withRow(output, rows(outputs.row(output), from, to));
    }
    if (outputs.temperatureGradient()) {
      written = written.withTemperatureGradient();
    }
    return new LossCall(scale.chunkLoss(call.loss()), scale.divided(inputs), written, call.classes(), null, null);
  }

  private void multiplyBack(MatrixView gradient, long from, long to) {
    MatrixView states = hidden.rows(from, to);
    MatrixView byWeight = target(plan.weightSum(), outputs.weightGradient());
    if (byWeight != null) {
      scale.multiply(products, Operand.transposed(gradient), Operand.of(states),
          beta(from, plan.weightSum(), outputs.addsToWeightGradient()), byWeight);
    }
    MatrixView byBias = target(plan.biasSum(), outputs.biasGradient());
    if (byBias != null && plan.ones() != null) {
      scale.multiply(products, Operand.transposed(memory.matrix(plan.ones(), to - from)), Operand.of(gradient),
          beta(from, plan.biasSum(), outputs.addsToBiasGradient()), byBias);
    }
    // Hazard: this product may overwrite the hidden states, which the gradient with respect to the weight needs. It is
    // therefore the last one of a chunk.
    MatrixView byHidden = outputs.gradient();
    if (byHidden != null) {
      scale.multiply(products, Operand.of(gradient), Operand.of(head.weight()), outputs.addsToGradient() ? 1 : 0,
          byHidden.rows(from, to));
    }
  }

  /** Returns where the products add a gradient up: the f32 sums if there are any, else the memory of the caller. */
  private @Nullable MatrixView target(@Nullable Region sum, @Nullable MatrixView gradient) {
    return gradient == null || sum == null ? gradient : memory.matrix(sum, gradient.rows());
  }

  private static double beta(long from, @Nullable Region sum, boolean isAdded) {
    return from > 0 || (sum == null && isAdded) ? 1 : 0;
  }

  private void store(@Nullable Region sum, boolean isAdded, @Nullable MatrixView gradient) {
    if (sum != null && gradient != null) {
      scale.store(products, memory.matrix(sum, gradient.rows()), isAdded ? 1 : 0, gradient);
    }
  }

  /** Fills a column with ones, by the softmax of rows of one class. */
  private void fillOnes(@Nullable Region region) {
    if (region != null && plan.rows() > 0) {
      MatrixView ones = memory.matrix(region, plan.chunkRows());
      backend.softmax(HostMatrix.of(new float[Math.toIntExact(ones.rows())], ones.rows(), 1), ones);
    }
  }

  private static @Nullable RowVector rows(@Nullable RowVector vector, long from, long to) {
    return vector == null ? null : vector.rows(from, to);
  }
}

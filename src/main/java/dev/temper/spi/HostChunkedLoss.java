package dev.temper.spi;

import dev.temper.LossArgumentException;
import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.RowVector;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Chunks of an engine in host memory. Each chunk is one call of the engine. */
final class HostChunkedLoss implements ChunkedLoss {

  private final EngineBackend backend;
  private final List<LossTotals> chunks = new ArrayList<>();
  private @Nullable LossCall batch;
  private Divisors divisors = new Divisors(0, 0);
  private @Nullable LossArgumentException invalid;

  HostChunkedLoss(EngineBackend backend) {
    this.backend = backend;
  }

  @Override
  public void begin(LossCall call) {
    batch = call;
  }

  @Override
  public void check() {
    LossCall call = Objects.requireNonNull(batch);
    chunks.clear();
    invalid = null;
    divisors = Divisors.of(call.loss(), call.inputs(), RowChecks.check(call));
  }

  @Override
  public Divisors divisors() {
    return divisors;
  }

  @Override
  public double largestWeight() {
    return Objects.requireNonNull(batch).inputs().rowWeights() instanceof RowVector.Host weights
        ? HostRows.largest(weights) : 1;
  }

  @Override
  public Chunk chunk(LossCall chunk, long firstRow) {
    return () -> {
      try {
        chunks.add(scaled(chunk, backend.compute(chunk).totals()));
      } catch (LossArgumentException e) {
        // Only the probabilities of a teacher can be invalid after the check, and the gradients of their rows are NaN.
        invalid = invalid == null ? named(firstRow, e) : invalid;
      }
    };
  }

  /** Returns the totals of a chunk, divided by the divisors of the batch instead of those of the chunk. */
  private LossTotals scaled(LossCall chunk, LossTotals totals) {
    Divisors own = Divisors.of(chunk.loss(), chunk.inputs(), 1);
    double softFactor = own.softScale() == 0 ? 0 : divisors.softScale() / own.softScale();
    double hardFactor = own.hardScale() == 0 ? 0 : divisors.hardScale() / own.hardScale();
    double soft = softFactor * totals.soft();
    double hard = hardFactor * totals.hard();
    LossTotals scaled = LossTotals.of(soft + hard, soft, hard, totals.rows(), totals.countedRows(),
        totals.nonFiniteRows()).withHardCountedRows(totals.hardCountedRows());
    return totals.temperatureGradient().isEmpty() ? scaled
        : scaled.withTemperatureGradient(softFactor * totals.temperatureGradient().getAsDouble());
  }

  @Override
  public LossResult totals() {
    if (invalid != null) {
      throw invalid;
    }
    LossTotals sum = chunks.stream().reduce(HostChunkedLoss::sum).orElseThrow();
    return () -> sum;
  }

  private static LossTotals sum(LossTotals a, LossTotals b) {
    LossTotals sum = LossTotals.of(a.total() + b.total(), a.soft() + b.soft(), a.hard() + b.hard(),
        a.rows() + b.rows(), a.countedRows() + b.countedRows(), a.nonFiniteRows() + b.nonFiniteRows())
        .withHardCountedRows(a.hardCountedRows() + b.hardCountedRows());
    return a.temperatureGradient().isEmpty() || b.temperatureGradient().isEmpty() ? sum
        : sum.withTemperatureGradient(a.temperatureGradient().getAsDouble() + b.temperatureGradient().getAsDouble());
  }

  /** Returns the error of a chunk with the number of its first row. */
  private static LossArgumentException named(long firstRow, LossArgumentException error) {
    if (firstRow == 0) {
      return error;
    }
    List<Object> words = new ArrayList<>(List.of("in the chunk from row ", firstRow, " on, whose rows count from 0: "));
    words.addAll(error.words());
    return new LossArgumentException(words.toArray());
  }

  @Override
  public void close() {
    batch = null;
  }
}

package dev.temper.head;

import dev.temper.HeadWorkspace;
import dev.temper.LossArgumentException;
import dev.temper.LossResult;
import dev.temper.LossTotals;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Adds the totals of all chunks, in the order of the chunks. */
final class HeadTotals implements LossResult {

  private record Chunk(long firstRow, LossResult result) {}

  private final HeadScale scale;
  private final HeadWorkspace workspace;
  private final List<Chunk> chunks = new ArrayList<>();
  private @Nullable LossArgumentException invalid;

  HeadTotals(HeadScale scale, HeadWorkspace workspace) {
    this.scale = scale;
    this.workspace = workspace;
  }

  void add(long firstRow, LossResult result) {
    chunks.add(new Chunk(firstRow, result));
  }

  /**
   * Keeps the error of a chunk until all chunks are computed. Only the probabilities of a teacher can be invalid then,
   * and the gradients of their rows are NaN.
   */
  void refuse(long firstRow, LossArgumentException error) {
    invalid = invalid == null ? named(firstRow, error) : invalid;
  }

  /** Throws the first error of a chunk. */
  void requireValid() {
    if (invalid != null) {
      throw invalid;
    }
  }

  @Override
  public LossTotals totals() {
    requireValid();
    double total = 0;
    double soft = 0;
    double hard = 0;
    double temperatureGradient = 0;
    long rows = 0;
    long counted = 0;
    long hardCounted = 0;
    long nonFinite = 0;
    boolean hasTemperatureGradient = false;
    for (Chunk chunk : chunks) {
      LossTotals part = totals(chunk);
      total += part.total();
      soft += part.soft();
      hard += part.hard();
      temperatureGradient += part.temperatureGradient().orElse(0);
      hasTemperatureGradient |= part.temperatureGradient().isPresent();
      rows += part.rows();
      counted += part.countedRows();
      hardCounted += part.hardCountedRows();
      nonFinite += part.nonFiniteRows();
    }
    double factor = scale.common();
    LossTotals totals = LossTotals.of(factor * total, factor * soft, factor * hard, rows, counted, nonFinite)
        .withHardCountedRows(hardCounted);
    return hasTemperatureGradient ? totals.withTemperatureGradient(factor * temperatureGradient) : totals;
  }

  @Override
  public Optional<HeadWorkspace> workspace() {
    return Optional.of(workspace);
  }

  private static LossTotals totals(Chunk chunk) {
    try {
      return chunk.result().totals();
    } catch (LossArgumentException e) {
      throw named(chunk.firstRow(), e);
    }
  }

  /** Returns an error of a chunk that says where its rows begin. */
  private static LossArgumentException named(long firstRow, LossArgumentException error) {
    if (firstRow == 0) {
      return error;
    }
    List<Object> words = new ArrayList<>(List.of("in the chunk from row ", firstRow, " on, whose rows count from 0: "));
    words.addAll(error.words());
    return new LossArgumentException(words.toArray());
  }
}

package dev.temper.cpu.blas;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.temper.Availability;
import dev.temper.DType;
import dev.temper.EngineUnavailableException;
import dev.temper.HostMatrix;
import dev.temper.MatrixView;
import dev.temper.spi.Products;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Multiplies matrices in host memory with {@code cblas_sgemm}. The same machine gives the same bits in every run, for
 * any number of threads. The scratch memory has at most 64 MiB, and 12 MiB for each thread for BF16 and F16.
 */
public final class OpenBlasProducts implements Products {

  private final OpenBlas library;
  private final WorkerThreads threads;
  private final Arena arena = Arena.ofShared();
  private final List<TileWorker> workers;
  private final Lanes lanes = new Lanes();

  private OpenBlasProducts(OpenBlas library, int count) {
    this.library = library;
    threads = new WorkerThreads(count);
    workers = IntStream.range(0, count).mapToObj(_ -> new TileWorker(library, arena)).toList();
  }

  /**
   * Opens the products.
   *
   * @param threads threads of each product
   * @throws EngineUnavailableException if OpenBLAS is missing; the message says what to add
   */
  public static OpenBlasProducts open(int threads) {
    return new OpenBlasProducts(OpenBlas.instance(), threads);
  }

  /** Returns the library that would be used, or why there is none. */
  public static Availability availability() {
    try {
      return Availability.usable(OpenBlas.instance().version());
    } catch (EngineUnavailableException e) {
      return Availability.missing(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public String describe() {
    return library.version() + ", " + workers.size() + (workers.size() == 1 ? " thread" : " threads");
  }

  @Override
  public void multiply(double alpha, Operand left, Operand right, double beta, MatrixView result) {
    HostMatrix target = SharedViews.of(result);
    if (target.rows() == 0) {
      return;
    }
    Product product = new Product((float) alpha, SharedViews.of(left), SharedViews.of(right));
    List<Tile> tiles = Tile.of(target.rows(), target.classes(), left.columns());
    boolean hasLanes = tiles.getLast().lane() > 0;
    if (hasLanes) {
      lanes.reserve(tiles.size(), target.rows(), target.classes());
    }
    library.withOneThread(() -> threads.run(tiles.size(), (worker, i) -> {
      Tile tile = tiles.get(i);
      HostMatrix into = hasLanes ? lanes.lane(tile.lane()) : target;
      workers.get(worker).compute(product, tile, into, hasLanes ? 0 : beta);
    }));
    if (hasLanes) {
      threads.run(Math.toIntExact(target.rows()), (_, row) -> {
        lanes.addRow(tiles.size(), row);
        store(lanes.row(row), beta, target, row);
      });
    }
  }

  @Override
  public void store(MatrixView sum, double beta, MatrixView result) {
    HostMatrix source = SharedViews.of(sum);
    HostMatrix target = SharedViews.of(result);
    threads.run(Math.toIntExact(source.rows()),
        (_, row) -> store(source.rows(row, row + 1).segment(), beta, target, row));
  }

  private static void store(MemorySegment sums, double beta, HostMatrix into, long row) {
    if (into.dtype() != DType.F32) {
      Halves.store(sums, beta, into, new Block(row, 0, 1, into.classes()));
      return;
    }
    long to = row * into.rowStride() * Float.BYTES;
    for (int i = 0; i < into.classes(); i++) {
      long at = (long) i * Float.BYTES;
      float value = sums.get(JAVA_FLOAT, at);
      if (beta != 0) {
        value += (float) beta * into.segment().get(JAVA_FLOAT_UNALIGNED, to + at);
      }
      into.segment().set(JAVA_FLOAT_UNALIGNED, to + at, value);
    }
  }

  @Override
  public void close() {
    try (arena; lanes) {
      threads.close();
    }
  }
}

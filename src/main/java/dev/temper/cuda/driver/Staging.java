package dev.temper.cuda.driver;

import java.lang.foreign.MemorySegment;

/**
 * Copies between pageable host memory and the device through two chunks of page-locked memory. While the device copies
 * one chunk, the processor fills or empties the other. One thread at a time may use an object, in the current context.
 */
public final class Staging implements AutoCloseable {

  private static final int CHUNK_BYTES = 8 << 20;

  private final CudaStream stream;
  private final Chunk[] chunks = {new Chunk(), new Chunk()};
  private int next;

  public Staging(CudaStream stream) {
    this.stream = stream;
  }

  private static final class Chunk implements AutoCloseable {
    final PinnedMemory memory = PinnedMemory.forCopies(CHUNK_BYTES);
    final CudaEvent copied = CudaEvent.untimed();

    MemorySegment first(long bytes) {
      return memory.segment().asSlice(0, bytes);
    }

    @Override
    public void close() {
      copied.close();
      memory.close();
    }
  }

  /** Returns when the host memory was read; the last copies to the device may be in flight. */
  public void upload(MemorySegment from, long to) {
    for (long done = 0; done < from.byteSize(); done += CHUNK_BYTES) {
      long bytes = Math.min(CHUNK_BYTES, from.byteSize() - done);
      Chunk chunk = take();
      chunk.first(bytes).copyFrom(from.asSlice(done, bytes));
      DriverMemory.copyToDevice(chunk.memory.segment().address(), to + done, bytes, stream.handle());
      chunk.copied.record(stream);
    }
  }

  /** Returns when the host memory is written. */
  public void download(long from, MemorySegment to) {
    int first = next;
    long sent = 0;
    for (long done = 0; done < to.byteSize(); done += CHUNK_BYTES) {
      for (; sent < to.byteSize() && sent < done + 2L * CHUNK_BYTES; sent += CHUNK_BYTES) {
        Chunk chunk = take();
        DriverMemory.copyToHost(from + sent, chunk.memory.segment().address(),
            Math.min(CHUNK_BYTES, to.byteSize() - sent), stream.handle());
        chunk.copied.record(stream);
      }
      Chunk oldest = chunks[(int) ((first + done / CHUNK_BYTES) % 2)];
      oldest.copied.await();
      long bytes = Math.min(CHUNK_BYTES, to.byteSize() - done);
      to.asSlice(done, bytes).copyFrom(oldest.first(bytes));
    }
  }

  /** Waits for the copy of the chunk that was used longest ago, and returns the chunk. */
  private Chunk take() {
    Chunk chunk = chunks[next];
    next = 1 - next;
    chunk.copied.await();
    return chunk;
  }

  @Override
  public void close() {
    for (Chunk chunk : chunks) {
      chunk.copied.await();
      chunk.close();
    }
  }
}

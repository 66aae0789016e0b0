package dev.temper;

import java.util.Objects;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Options of an engine that is opened. Immutable; each {@code with} method returns another object. */
public final class EngineOptions {

  private static final EngineOptions DEFAULTS =
      new EngineOptions(OptionalInt.empty(), OptionalLong.empty(), OptionalLong.empty(), ChunkLogits.F32, false,
          true);

  private final OptionalInt threads;
  private final OptionalLong stream;
  private final OptionalLong headWorkspace;
  private final ChunkLogits chunkLogits;
  private final boolean tf32;
  private final boolean tunedPlans;

  private EngineOptions(OptionalInt threads, OptionalLong stream, OptionalLong headWorkspace,
      ChunkLogits chunkLogits, boolean tf32, boolean tunedPlans) {
    this.threads = threads;
    this.stream = stream;
    this.headWorkspace = headWorkspace;
    this.chunkLogits = chunkLogits;
    this.tf32 = tf32;
    this.tunedPlans = tunedPlans;
  }

  /** Returns the default options: all processors of the JVM, and a stream that the engine creates. */
  public static EngineOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Returns these options with a number of threads for engines that compute on the host. Device engines ignore it.
   *
   * @throws IllegalArgumentException if it is below 1
   */
  public EngineOptions withThreads(int value) {
    if (value < 1) {
      throw new IllegalArgumentException("threads is " + value + ", expected 1 or more");
    }
    return new EngineOptions(OptionalInt.of(value), stream, headWorkspace, chunkLogits, tf32, tunedPlans);
  }

  /**
   * Returns these options with a CUDA stream of the caller, such as the current stream of the framework that computes
   * the logits. The engine launches everything on it. The engine never destroys the stream. Host engines ignore this
   * option.
   *
   * @param handle the {@code CUstream}; 0 is the legacy default stream
   */
  public EngineOptions withStream(long handle) {
    return new EngineOptions(threads, OptionalLong.of(handle), headWorkspace, chunkLogits, tf32, tunedPlans);
  }

  /**
   * Returns these options with a limit of the memory that a call with a {@link LinearHead} uses for its chunks of rows.
   * The engine keeps this memory until it is closed. More memory gives fewer and larger chunks. The f32 sums of
   * gradients in BF16 and F16 do not count; {@link HeadWorkspace#accumulatorBytes} is their size.
   *
   * @param bytes 1 or more; a call that needs more for a single row is refused
   * @throws IllegalArgumentException if it is below 1
   */
  public EngineOptions withHeadWorkspace(long bytes) {
    if (bytes < 1) {
      throw new IllegalArgumentException("head workspace is " + bytes + " bytes, expected 1 or more");
    }
    return new EngineOptions(threads, stream, OptionalLong.of(bytes), chunkLogits, tf32, tunedPlans);
  }

  /** Returns these options with another storage of the logits of a chunk; the default is F32. */
  public EngineOptions withChunkLogits(ChunkLogits value) {
    return new EngineOptions(threads, stream, headWorkspace, Objects.requireNonNull(value), tf32, tunedPlans);
  }

  /**
   * Returns these options with or without the row plans that {@code temper tune} measured on this kind of device; the
   * default is with them. Without them, results do not depend on a file of this machine. Host engines have no plans and
   * ignore this option.
   */
  public EngineOptions withTunedPlans(boolean value) {
    return new EngineOptions(threads, stream, headWorkspace, chunkLogits, tf32, value);
  }

  /**
   * Returns these options with or without TF32 for matrix products of a {@link LinearHead} in F32; the default is
   * without. The tensor cores of NVIDIA GPUs multiply TF32 several times faster. Each factor is rounded to 11
   * significant bits, a relative error of up to 2^-11; sums stay in f32. A logit that is a sum of many terms is then
   * off by about 2^-11 of their root mean square times the root of their number. Heads in BF16 and F16 and engines
   * other than cuda are not affected.
   */
  public EngineOptions withTf32(boolean value) {
    return new EngineOptions(threads, stream, headWorkspace, chunkLogits, value, tunedPlans);
  }

  /** Threads that a host engine may use; empty for all processors of the JVM. */
  public OptionalInt threads() {
    return threads;
  }

  /** Handle of the caller's CUDA stream; empty for a stream that the engine creates. */
  public OptionalLong stream() {
    return stream;
  }

  /** Limit of the bytes of the chunks of a head; empty for 256 MiB in host memory and 1.5 GiB in device memory. */
  public OptionalLong headWorkspace() {
    return headWorkspace;
  }

  /** How the logits of a chunk are stored. */
  public ChunkLogits chunkLogits() {
    return chunkLogits;
  }

  /** Whether products of F32 heads may use TF32. */
  public boolean tf32() {
    return tf32;
  }

  /** Whether a device engine reads the row plans that {@code temper tune} measured. */
  public boolean tunedPlans() {
    return tunedPlans;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof EngineOptions options && options.threads.equals(threads) && options.stream.equals(stream)
        && options.headWorkspace.equals(headWorkspace) && options.chunkLogits == chunkLogits
        && options.tf32 == tf32 && options.tunedPlans == tunedPlans;
  }

  @Override
  public int hashCode() {
    return Objects.hash(threads, stream, headWorkspace, chunkLogits, tf32, tunedPlans);
  }

  @Override
  public String toString() {
    return "EngineOptions[threads=" + (threads.isPresent() ? threads.getAsInt() : "all")
        + ", stream=" + (stream.isPresent() ? "0x" + Long.toHexString(stream.getAsLong()) : "own")
        + (headWorkspace.isPresent() ? ", headWorkspace=" + headWorkspace.getAsLong() : "")
        + (chunkLogits == ChunkLogits.F32 ? "" : ", chunkLogits=" + chunkLogits)
        + (tf32 ? ", tf32" : "") + (tunedPlans ? "" : ", tunedPlans=false") + "]";
  }
}

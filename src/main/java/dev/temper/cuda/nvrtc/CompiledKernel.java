package dev.temper.cuda.nvrtc;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;

/** The compiled code of a kernel, in the form that the driver loads. */
public final class CompiledKernel {

  private final Target target;
  private final byte[] code;
  private final String log;
  private final boolean spills;
  private final boolean fromCache;

  private CompiledKernel(Target target, byte[] code, String log, boolean spills, boolean fromCache) {
    this.target = target;
    this.code = code;
    this.log = log;
    this.spills = spills;
    this.fromCache = fromCache;
  }

  CompiledKernel(Target target, byte[] code, String log, boolean fromCache) {
    this(target, code, log, KernelResources.parse(log).values().stream()
        .anyMatch(resources -> resources.spillBytes() > 0), fromCache);
  }

  /** The target of the compilation. */
  public Target target() {
    return target;
  }

  /** A copy of the cubin, or of the PTX with the zero byte that ends it. */
  public byte[] code() {
    return code.clone();
  }

  /** The log of the compilation. */
  public String log() {
    return log;
  }

  /** Whether the code comes from the disk cache. */
  public boolean fromCache() {
    return fromCache;
  }

  /** Whether the assembler spilled registers. */
  boolean spills() {
    return spills;
  }

  /** Registers, spills and memory by entry point; empty for PTX, which the driver assembles. */
  public Map<String, KernelResources> resources() {
    return KernelResources.parse(log);
  }

  /**
   * Returns the bytes of a cache entry. The spill flag has its own byte, because parsing the log would take some
   * milliseconds of every start.
   */
  byte[] toBytes() {
    byte[] text = log.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(1 + Integer.BYTES + text.length + code.length)
        .put((byte) (spills ? 1 : 0)).putInt(text.length).put(text).put(code).array();
  }

  /** Reads the bytes of a cache entry. The result is empty if {@link #toBytes()} has not written them. */
  static Optional<CompiledKernel> ofBytes(Target target, byte[] stored) {
    ByteBuffer buffer = ByteBuffer.wrap(stored);
    int textAndCode = stored.length - 1 - Integer.BYTES;
    if (textAndCode < 0 || buffer.getInt(1) < 0 || buffer.getInt(1) > textAndCode) {
      return Optional.empty();
    }
    boolean spills = buffer.get() != 0;
    byte[] text = new byte[buffer.getInt()];
    buffer.get(text);
    byte[] code = new byte[buffer.remaining()];
    buffer.get(code);
    return Optional.of(new CompiledKernel(target, code, new String(text, StandardCharsets.UTF_8), spills, true));
  }
}

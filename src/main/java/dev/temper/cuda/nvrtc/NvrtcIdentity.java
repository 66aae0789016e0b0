package dev.temper.cuda.nvrtc;

import dev.temper.kernel.plan.Architecture;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The identity of an NVRTC library. The cache stores it, so that a later process need not load the library.
 *
 * @param source how the library was found, such as {@code CUDA_HOME}
 * @param file the library
 * @param bytes size of the file
 * @param modified time of the file's last change, milliseconds since 1970
 * @param major major version
 * @param minor minor version
 * @param architectures architectures that the library compiles for, ascending
 */
public record NvrtcIdentity(
    String source, Path file, long bytes, long modified, int major, int minor, List<Architecture> architectures) {

  /** Lines of {@link #toBytes()}. */
  private static final int LINES = 7;

  /** Keeps a copy of the list. */
  public NvrtcIdentity {
    architectures = List.copyOf(architectures);
  }

  static NvrtcIdentity of(String source, Path file, Nvrtc nvrtc) throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
    return new NvrtcIdentity(source, file, attributes.size(), attributes.lastModifiedTime().toMillis(),
        nvrtc.majorVersion(), nvrtc.minorVersion(), nvrtc.architectures());
  }

  /** Version as NVIDIA writes it, such as {@code 12.9}. */
  public String version() {
    return major + "." + minor;
  }

  /** Version, file, source and architectures in one phrase. */
  public String describe() {
    return "NVRTC " + version() + " at " + file + " (" + source + "), compute capabilities "
        + architectures.getFirst() + " to " + architectures.getLast();
  }

  /** Returns the properties on which the compiled code depends: file, size, time and version. */
  String fingerprint() {
    return file + "\n" + bytes + "\n" + modified + "\n" + version();
  }

  byte[] toBytes() {
    String numbers = architectures.stream().map(a -> Integer.toString(a.number())).collect(Collectors.joining(" "));
    return String.join("\n", source, file.toString(), Long.toString(bytes), Long.toString(modified),
        Integer.toString(major),
        Integer.toString(minor), numbers).getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads the bytes of a cache entry. The result is empty if the library has changed, or if {@link #toBytes()} has not
   * written the bytes.
   */
  static Optional<NvrtcIdentity> ofBytes(byte[] stored) {
    String[] lines = new String(stored, StandardCharsets.UTF_8).split("\n", -1);
    if (lines.length != LINES) {
      return Optional.empty();
    }
    try {
      Path file = Path.of(lines[1]);
      List<Architecture> architectures = new ArrayList<>();
      for (String number : lines[6].split(" ", -1)) {
        architectures.add(Architecture.ofNumber(Integer.parseInt(number)));
      }
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      NvrtcIdentity identity = new NvrtcIdentity(lines[0], file, Long.parseLong(lines[2]), Long.parseLong(lines[3]),
          Integer.parseInt(lines[4]), Integer.parseInt(lines[5]), architectures);
      boolean same = attributes.size() == identity.bytes
          && attributes.lastModifiedTime().toMillis() == identity.modified;
      return same ? Optional.of(identity) : Optional.empty();
    } catch (IOException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}

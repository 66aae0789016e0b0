package dev.temper.kernel.code;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import java.util.zip.Checksum;

/**
 * Names what a cached result was made from. The whole of it is kept in the entry and compared when the entry is read;
 * of long texts it has the length and two checksums, 64 bits together, in place of the bytes.
 *
 * <p>No cryptographic digest: the first one of a process costs some 30 ms, which every start would pay, and would keep
 * nobody out who can write to the cache or to the jar. The checksums run at full speed before anything is compiled.
 *
 * @param material everything, as text
 */
public record CacheKey(String material) {

  /** Starts a key; the schema changes whenever the same inputs would be stored in another form. */
  public static Builder schema(String schema) {
    return new Builder().add("schema", schema);
  }

  /** The entry's name: 16 hexadecimal digits. Two keys that share it, if that ever happens, push each other out. */
  public String name() {
    return checksums(bytes());
  }

  /** What is kept and compared. */
  byte[] bytes() {
    return material.getBytes(StandardCharsets.UTF_8);
  }

  private static String checksums(byte[] bytes) {
    return hex(new CRC32C(), bytes) + hex(new CRC32(), bytes);
  }

  private static String hex(Checksum checksum, byte[] bytes) {
    checksum.update(bytes, 0, bytes.length);
    return Long.toHexString(1L << Integer.SIZE | checksum.getValue()).substring(1);
  }

  /** Collects inputs. Each is preceded by its length, so that no two lists of inputs give the same text. */
  public static final class Builder {
    private final StringBuilder material = new StringBuilder();

    private Builder() {}

    /** Adds a named text. */
    public Builder add(String name, String value) {
      put(name);
      put(value);
      return this;
    }

    /** Adds a list of which the order matters. */
    public Builder add(String name, List<String> values) {
      add(name, Integer.toString(values.size()));
      for (String value : values) {
        put(value);
      }
      return this;
    }

    /** Adds a text that is too long to be kept, by its length and checksums. */
    public Builder addContent(String name, String text) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      return add(name, bytes.length + " " + checksums(bytes));
    }

    /** Adds a source with the names and contents of its headers. */
    public Builder add(KernelSource source) {
      addContent(source.file(), source.text());
      for (Map.Entry<String, String> header : source.headers().entrySet()) {
        addContent(header.getKey(), header.getValue());
      }
      return this;
    }

    /** The key of what was added. */
    public CacheKey build() {
      return new CacheKey(material.toString());
    }

    private void put(String text) {
      material.append(text.length()).append(' ').append(text).append('\n');
    }
  }
}

package dev.temper.kernel.code;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import java.util.zip.Checksum;

/**
 * The inputs of a cached result. The entry holds its whole key, which is compared when the entry is read. The key holds
 * the length and two checksums of a long text, 64 bits together, in place of the text.
 *
 * <p>The key has no cryptographic digest. The first digest of a process takes some 30 ms of every start, and gives no
 * protection against a user who can write to the cache or to the jar.
 *
 * @param material all inputs as text
 */
public record CacheKey(String material) {

  /** Begins a key. The schema changes whenever the form of an entry changes. */
  public static Builder schema(String schema) {
    return new Builder().add("schema", schema);
  }

  /**
   * Returns the name of the entry, 16 hexadecimal digits. Two keys with the same name would replace each other's entry.
   */
  public String name() {
    return checksums(bytes());
  }

  /** Returns the bytes that the entry holds. */
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

  /**
   * Collects inputs. The length precedes each input, so that two different lists of inputs never give the same text.
   */
  public static final class Builder {
    private final StringBuilder material = new StringBuilder();

    private Builder() {}

    /** Adds a named text. */
    public Builder add(String name, String value) {
      put(name);
      put(value);
      return this;
    }

    /** Adds a list. Its order is part of the key. */
    public Builder add(String name, List<String> values) {
      add(name, Integer.toString(values.size()));
      for (String value : values) {
        put(value);
      }
      return this;
    }

    /** Adds the length and the checksums of a long text. */
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

    /** Returns the key of all added inputs. */
    public CacheKey build() {
      return new CacheKey(material.toString());
    }

    private void put(String text) {
      material.append(text.length()).append(' ').append(text).append('\n');
    }
  }
}

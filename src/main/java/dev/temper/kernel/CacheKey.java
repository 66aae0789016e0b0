package dev.temper.kernel;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * Names what a cached result was made from: the SHA-256 of all of it.
 *
 * @param hex 64 hexadecimal digits
 */
public record CacheKey(String hex) {

  /** Starts a key; the schema changes whenever the same inputs would be stored in another form. */
  public static Builder schema(String schema) {
    return new Builder().add("schema", schema);
  }

  /** Collects inputs. Each is preceded by its length, so that no two lists of inputs give the same bytes. */
  public static final class Builder {
    private final MessageDigest digest = sha256();

    private Builder() {}

    /** Adds a named text. */
    public Builder add(String name, String value) {
      addBytes(name);
      addBytes(value);
      return this;
    }

    /** Adds a list of which the order matters. */
    public Builder add(String name, List<String> values) {
      add(name, Integer.toString(values.size()));
      values.forEach(this::addBytes);
      return this;
    }

    /** Adds a source with the names and contents of its headers. */
    public Builder add(KernelSource source) {
      add(source.file(), source.text());
      for (Map.Entry<String, String> header : source.headers().entrySet()) {
        add(header.getKey(), header.getValue());
      }
      return this;
    }

    /** The key of what was added. */
    public CacheKey build() {
      return new CacheKey(HexFormat.of().formatHex(digest.digest()));
    }

    private void addBytes(String text) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
      digest.update(bytes);
    }
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}

package dev.temper.tools.files;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.temper.internal.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The JSON documents of this project. A document is a record: the names of its components are the names of the fields,
 * in the same order. It is written as indented UTF-8 text; a non-finite number is one of the strings "NaN", "Infinity"
 * and "-Infinity".
 */
public final class Json {

  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private Json() {}

  /** The document as text that ends in a newline. */
  public static String text(Object document) {
    try {
      return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(document) + '\n';
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(document.getClass() + " cannot be written as JSON", e);
    }
  }

  /**
   * Writes the document to a file.
   *
   * @throws IOException as for {@link AtomicFile#write(Path, AtomicFile.Body)}
   */
  public static void write(Path file, Object document) throws IOException {
    AtomicFile.writeText(file, text(document));
  }

  /**
   * Reads a document from a file.
   *
   * @throws IllegalArgumentException if the file is not JSON, or holds another document
   * @throws IOException if the file cannot be read
   */
  public static <T> T read(Path file, Class<T> document) throws IOException {
    String text = Files.readString(file);
    try {
      return MAPPER.readValue(text, document);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(file + " is not a JSON document of this kind: " + e.getOriginalMessage(), e);
    }
  }

  /** Returns the JSON object if the text is exactly one object, else empty. */
  public static Optional<JsonNode> object(String text) {
    try {
      return Optional.of(MAPPER.readTree(text)).filter(JsonNode::isObject);
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  /**
   * Returns a part of a document as a record.
   *
   * @throws IllegalArgumentException if the part has other fields
   */
  public static <T> T convert(JsonNode part, Class<T> document) {
    return MAPPER.convertValue(part, document);
  }
}

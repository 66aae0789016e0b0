package dev.temper.tools.files;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/**
 * How this project writes JSON: one indented document in UTF-8, names in camelCase, non-finite numbers as the strings "NaN",
 * "Infinity" and "-Infinity" (which the generator does by itself).
 */
public final class Json {

  private static final JsonFactory FACTORY = new JsonFactory();

  /** Writes one value, usually an object. */
  @FunctionalInterface
  public interface Document {
    /** Writes the value to the generator. */
    void write(JsonGenerator json) throws IOException;
  }

  private Json() {}

  /** The document as text that ends in a newline. */
  public static String text(Document document) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = FACTORY.createGenerator(text)) {
      json.setPrettyPrinter(new DefaultPrettyPrinter());
      document.write(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a StringWriter cannot fail
    }
    return text.append('\n').toString();
  }

  /**
   * Writes the document to a file.
   *
   * @throws IOException as for {@link AtomicFile#write(Path, AtomicFile.Body)}
   */
  public static void write(Path file, Document document) throws IOException {
    AtomicFile.writeText(file, text(document));
  }
}

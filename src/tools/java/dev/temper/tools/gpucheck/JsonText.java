package dev.temper.tools.gpucheck;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Finds values in JSON documents, as text that can be put into another document. */
final class JsonText {

  private static final JsonFactory FACTORY = new JsonFactory();

  private JsonText() {}

  /** Whether a text is one JSON object and nothing else. */
  static boolean isObject(String text) {
    try (JsonParser json = FACTORY.createParser(text)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return false;
      }
      json.skipChildren();
      return json.nextToken() == null;
    } catch (IOException e) {
      return false;
    }
  }

  /** The first field of that name at any depth, unless its value is null. */
  static Optional<String> first(String text, String field) {
    try (JsonParser json = FACTORY.createParser(text)) {
      while (json.nextToken() != null) {
        if (json.currentToken() == JsonToken.FIELD_NAME && field.equals(json.currentName()) && json.nextToken() != JsonToken.VALUE_NULL) {
          return Optional.of(copy(json));
        }
      }
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The elements of the first array of that name. */
  static List<String> elements(String text, String field) {
    List<String> found = new ArrayList<>();
    Optional<String> array = first(text, field);
    if (array.isPresent()) {
      try (JsonParser json = FACTORY.createParser(array.get())) {
        json.nextToken();
        while (json.nextToken() != JsonToken.END_ARRAY) {
          found.add(copy(json));
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return found;
  }

  private static String copy(JsonParser json) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator copy = FACTORY.createGenerator(text)) {
      copy.copyCurrentStructure(json);
    }
    return text.toString();
  }
}

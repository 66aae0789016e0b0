package dev.temper.tools.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class JsonTest {

  private record Pair(String name, double value) {}

  @Test
  void aRecordIsOneIndentedDocument() {
    assertThat(Json.text(new Pair("a \"b\"", Double.NaN))).isEqualToNormalizingNewlines("""
        {
          "name" : "a \\"b\\"",
          "value" : "NaN"
        }
        """);
  }

  @Test
  void anObjectIsOneObjectAndNothingElse() {
    assertThat(Json.object("{ \"a\" : [ 1, 2 ] }\n")).isPresent();
    assertThat(List.of("", "1", "[ ]", "{ \"a\" : ", "{ } { }", "{ } x", "nothing")).allSatisfy(
        text -> assertThat(Json.object(text)).as(text).isEmpty());
  }

  private record Numbers(double a, double b, float c, double d) {}

  @Test
  void nonFiniteNumbersAreStrings() {
    String text = Json.text(new Numbers(Double.NaN, Double.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, 0.1));
    assertThat(text.replaceAll("\\s", ""))
        .isEqualTo("{\"a\":\"NaN\",\"b\":\"-Infinity\",\"c\":\"Infinity\",\"d\":0.1}");
    assertThat(text).endsWith("}\n");
  }
}

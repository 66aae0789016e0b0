package dev.temper.kernel.code;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class CacheKeyTest {

  @Test
  void keyHasLongTextsByTheirChecksums() {
    String text = "x".repeat(100_000);
    CacheKey key = CacheKey.schema("s").addContent("file", text).build();
    assertThat(key.material()).hasSizeLessThan(100);
    assertThat(CacheKey.schema("s").addContent("file", text).build()).isEqualTo(key);
    for (String other : List.of(text + "x", text.substring(1), text.substring(1) + "y", "y" + text.substring(1))) {
      assertThat(CacheKey.schema("s").addContent("file", other).build()).isNotEqualTo(key);
    }
  }

  @Test
  void keysDifferWhereConcatenationsAreEqual() {
    assertThat(CacheKey.schema("s").add("o", List.of("a", "bc")).build())
        .isNotEqualTo(CacheKey.schema("s").add("o", List.of("ab", "c")).build())
        .isNotEqualTo(CacheKey.schema("s").add("o", List.of("bc", "a")).build())
        .isEqualTo(CacheKey.schema("s").add("o", List.of("a", "bc")).build());
  }
}

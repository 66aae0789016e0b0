package dev.temper.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests that each damaged safetensors header describes exactly the bytes that follow it, or is refused. */
final class MutatedHeadersTest {

  private static final String VALID = "{\"__metadata__\":{\"format\":\"pt\"},"
      + "\"student\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
      + "\"labels\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[24,40]}}";

  private static final int ROUNDS = 100_000;

  @Test
  @Timeout(120)
  void everyHeaderIsConsistentOrRefused() {
    Random random = new Random(8_128);
    byte[] valid = VALID.getBytes(StandardCharsets.UTF_8);
    int refused = 0;
    for (int round = 0; round < ROUNDS; round++) {
      String header = round % 4 == 0
          ? Mutations.mutate(VALID, random)
          : new String(Mutations.mutate(valid, random), StandardCharsets.UTF_8);
      try {
        long bytes = 0;
        for (SafetensorsHeader.TensorRange entry : SafetensorsHeader.parse(header, 40).values()) {
          assertThat(entry.begin()).isBetween(0L, entry.end());
          bytes += entry.end() - entry.begin();
        }
        assertThat(bytes).as(header).isEqualTo(40);
      } catch (IllegalArgumentException e) {
        refused++;
      } catch (RuntimeException e) {
        throw new AssertionError(header, e);
      }
    }
    assertThat(refused).isBetween(ROUNDS / 2, ROUNDS);
  }
}

package dev.temper.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ProgressLineTest {

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  @Test
  void overwritesItselfAndLeavesNothing() {
    try (ProgressLine line = ProgressLine.onTerminal(new PrintStream(bytes, true, StandardCharsets.UTF_8))) {
      line.update(0, 4, "a long note");
      line.update(4, 4, "done");
    }
    String[] drawn = bytes.toString(StandardCharsets.UTF_8).substring(1).split("\r", -1);
    assertThat(drawn[0]).isEqualTo("  0 % a long note");
    assertThat(drawn[1]).isEqualTo("100 % done       ");
    assertThat(drawn[2]).isBlank();
    assertThat(drawn[3]).isEmpty();
  }

  @Test
  void drawsAtMostTenTimesASecond() {
    long begin = System.nanoTime();
    long drawn;
    try (ProgressLine line = ProgressLine.onTerminal(new PrintStream(bytes, true, StandardCharsets.UTF_8))) {
      for (int i = 0; i < 10_000; i++) {
        line.update(i, 10_000, "step");
      }
      drawn = bytes.toString(StandardCharsets.UTF_8).chars().filter(c -> c == '\r').count();
    }
    assertThat(drawn).isBetween(1L, 2 + (System.nanoTime() - begin) / 100_000_000);
  }

  @Test
  void aFileGetsWholeLinesOneForEachInterval() throws InterruptedException {
    try (ProgressLine line = ProgressLine.inLines(new PrintStream(bytes, true, StandardCharsets.UTF_8), 50_000_000)) {
      line.update(0, 4, "too early");
      Thread.sleep(60);
      line.update(1, 4, "first");
      line.update(2, 4, "too soon after it");
    }
    assertThat(bytes.toString(StandardCharsets.UTF_8)).matches("25 % first, \\d+ s left\n");
  }
}

package dev.temper.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.benchmarks.toolkits.ToolkitFile;
import dev.temper.benchmarks.toolkits.ToolkitNumbers;
import dev.temper.tools.files.Json;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The stored numbers are those that the formulas give today. */
final class ToolkitNumbersTest {

  /** Another order of a few dozen operations in f64. */
  private static final double RELATIVE = 64 * 0x1p-53;

  @Test
  void theFormulasGiveTheStoredNumbers(@TempDir Path folder) throws IOException {
    Path again = folder.resolve("again.json");
    ToolkitFile.write(again, "again");
    ToolkitNumbers stored = Json.read(Main.TOOLKITS, ToolkitNumbers.class);
    ToolkitNumbers computed = Json.read(again, ToolkitNumbers.class);
    assertThat(stored.losses()).hasSameSizeAs(computed.losses());
    assertThat(stored.batch().student()).isDeepEqualTo(computed.batch().student());
    assertThat(stored.batch().teacher()).isDeepEqualTo(computed.batch().teacher());
    for (int i = 0; i < stored.losses().size(); i++) {
      ToolkitNumbers.Loss wanted = stored.losses().get(i);
      ToolkitNumbers.Loss found = computed.losses().get(i);
      assertThat(found.call()).isEqualTo(wanted.call());
      assertThat(Math.abs(found.value() - wanted.value())).as(wanted.toString())
          .isLessThanOrEqualTo(RELATIVE * Math.abs(wanted.value()));
    }
  }
}

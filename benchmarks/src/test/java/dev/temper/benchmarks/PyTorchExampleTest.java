package dev.temper.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The example with PyTorch, as a single file on the class path of this build. */
final class PyTorchExampleTest {

  private static final Pattern LOSSES = Pattern.compile("loss (\\S+) at the first step, (\\S+) at the last\\R");

  @Test
  void learns() throws IOException, InterruptedException {
    Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
            "../examples/PyTorchStudent.java")
        .redirectErrorStream(true).start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(printed).isZero();
    Matcher losses = LOSSES.matcher(printed);
    assertThat(losses.matches()).as(printed).isTrue();
    assertThat(Double.parseDouble(losses.group(2))).isLessThan(0.5 * Double.parseDouble(losses.group(1)));
  }
}

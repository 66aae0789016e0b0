package dev.temper.snippets;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.LossEngine;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs the files of examples/ as README describes, with only the library on the class path. */
class ExampleFilesTest {

  private static final Pattern LOSSES = Pattern.compile("loss (\\S+) at the first step, (\\S+) at the last\\R");

  @ParameterizedTest
  @ValueSource(strings = {"Mlp", "Sequences"})
  void trainingLearns(String name) throws Exception {
    Matcher losses = LOSSES.matcher(run(name));
    assertThat(losses.matches()).isTrue();
    assertThat(Double.parseDouble(losses.group(2))).isLessThan(0.5 * Double.parseDouble(losses.group(1)));
  }

  @Test
  void theCachedTeacherIsRead() throws Exception {
    assertThat(run("CachedTeacher")).startsWith("teacher [8, 100] BF16, KL at T = 2: ");
  }

  @Test
  void readmeShowsTheShiftedLabelsOfTheExample() throws IOException {
    List<String> source = Files.readAllLines(Path.of("examples/Sequences.java"));
    int start = source.indexOf("  // @start region=\"shift\"");
    int end = source.indexOf("  // @end");
    String method = String.join("\n", source.subList(start + 1, end)).stripIndent();
    assertThat(Files.readString(Path.of("README.md"))).contains(method);
  }

  /** A missing page would be found by the first reader only. */
  @Test
  void everyLinkOfThePagesLeadsSomewhere() throws IOException {
    Pattern link = Pattern.compile("\\]\\(([^)#:]+)\\)");
    for (String page : List.of("README.md", "docs/coming-from.md", "docs/gpu.md", "docs/glossary.md", "docs/map.md",
        "docs/it-got-worse.md")) {
      Matcher links = link.matcher(Files.readString(Path.of(page)));
      while (links.find()) {
        assertThat(Path.of(page).resolveSibling(links.group(1)).normalize()).as(page).exists();
      }
    }
  }

  private static String run(String name) throws IOException, InterruptedException, URISyntaxException {
    Path library = Path.of(LossEngine.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED", "-cp", library.toString(), "examples/" + name + ".java")
        .redirectErrorStream(true).start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(printed).isZero();
    return printed;
  }
}

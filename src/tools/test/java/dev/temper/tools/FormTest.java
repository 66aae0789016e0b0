package dev.temper.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Tests the form of every text source: lines of at most 120 columns, no tabs, a newline at the end. Build outputs and
 * the generated files under {@code benchmarks/results} are not sources.
 *
 * <p>A line may be longer if it cannot be wrapped: a row of a Markdown table, or a line that is one word without
 * blanks, such as a URL or a link, behind at most a comment or list mark.
 */
final class FormTest {

  private static final int COLUMNS = 120;
  private static final Path ROOT = Path.of("").toAbsolutePath();

  private static final Set<String> SOURCES = Set.of("java", "cu", "cuh", "h", "cpp", "py", "sh", "md", "xml", "yml");
  private static final Set<String> NO_SOURCES =
      Set.of(".git", ".idea", ".vscode", ".settings", "target", "out", "__pycache__");
  private static final Path RESULTS = Path.of("benchmarks", "results");

  private static final List<Path> FILES = new ArrayList<>();

  @BeforeAll
  static void find() throws IOException {
    Files.walkFileTree(ROOT, new SimpleFileVisitor<>() {
      @Override
      public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
        boolean skipped = NO_SOURCES.contains(String.valueOf(folder.getFileName()))
            || ROOT.relativize(folder).equals(RESULTS);
        return skipped ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
      }

      @Override
      public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
        if (attributes.isRegularFile() && isSource(file)) {
          FILES.add(file);
        }
        return FileVisitResult.CONTINUE;
      }
    });
  }

  /** A file with a known extension, or a script without one. */
  private static boolean isSource(Path file) throws IOException {
    String name = String.valueOf(file.getFileName());
    if (name.contains(".")) {
      return SOURCES.contains(name.substring(name.lastIndexOf('.') + 1));
    }
    try (var content = Files.newInputStream(file)) {
      return content.read() == '#' && content.read() == '!';
    }
  }

  @Test
  void theSourcesAreFound() {
    assertThat(FILES).contains(ROOT.resolve("pom.xml"), ROOT.resolve("temper"), ROOT.resolve("README.md"),
        ROOT.resolve(".ci/run"),
        ROOT.resolve("kernels/loss.cu"), ROOT.resolve("native/build"), ROOT.resolve("benchmarks/gpu/peers.py"),
        ROOT.resolve("src/tools/test/java/dev/temper/tools/FormTest.java"));
  }

  @Test
  void noLineIsLongerThan120Columns() throws IOException {
    List<String> longer = new ArrayList<>();
    for (Path file : FILES) {
      List<String> lines = Files.readAllLines(file);
      for (int i = 0; i < lines.size(); i++) {
        String line = lines.get(i);
        int columns = line.codePointCount(0, line.length());
        if (columns > COLUMNS && canBeWrapped(file, line)) {
          longer.add(ROOT.relativize(file) + ":" + (i + 1) + ": " + columns + " columns");
        }
      }
    }
    assertThat(longer).isEmpty();
  }

  private static boolean canBeWrapped(Path file, String line) {
    boolean table = file.toString().endsWith(".md") && line.startsWith("|");
    return !table && line.strip().replaceFirst("^(//+|/\\*+|\\*|#+|-|<!--) +", "").contains(" ");
  }

  @Test
  void linesThatCannotBeWrappedAreExempt() {
    Path markdown = Path.of("a.md");
    Path java = Path.of("A.java");
    assertThat(canBeWrapped(markdown, "| a | b |")).isFalse();
    assertThat(canBeWrapped(java, "| a | b |")).isTrue();
    assertThat(canBeWrapped(java, "   * https://example.org/a")).isFalse();
    assertThat(canBeWrapped(markdown, "- [link](https://example.org/a)")).isFalse();
    assertThat(canBeWrapped(java, "   * see https://example.org/a")).isTrue();
    assertThat(canBeWrapped(java, "    int a = b;")).isTrue();
  }

  @Test
  void noLineHoldsATab() throws IOException {
    List<String> tabs = new ArrayList<>();
    for (Path file : FILES) {
      List<String> lines = Files.readAllLines(file);
      for (int i = 0; i < lines.size(); i++) {
        if (lines.get(i).contains("\t")) {
          tabs.add(ROOT.relativize(file) + ":" + (i + 1));
        }
      }
    }
    assertThat(tabs).isEmpty();
  }

  @Test
  void everyFileEndsWithOneNewline() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (Path file : FILES) {
      String text = Files.readString(file);
      if (!text.endsWith("\n") || text.endsWith("\n\n")) {
        wrong.add(ROOT.relativize(file).toString());
      }
    }
    assertThat(wrong).isEmpty();
  }
}

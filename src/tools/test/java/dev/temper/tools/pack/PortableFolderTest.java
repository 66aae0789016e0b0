package dev.temper.tools.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Tests a packed folder as on a bare machine: no java on the path, no environment, another working directory. */
@EnabledOnOs(value = OS.LINUX, architectures = "amd64")
class PortableFolderTest {

  /** Limit of the size in bytes, small enough for a copy beside a checkout. */
  private static final long MOST_BYTES = 60_000_000;

  @TempDir private static Path place;

  private static Path folder = Path.of("");
  private static long bytes;

  @BeforeAll
  static void pack() throws IOException {
    folder = place.resolve("a folder with spaces");
    bytes = PortableFolder.make(folder, "1.2", "0123456789ab");
  }

  @Test
  void isSmallAndWhole() throws IOException {
    assertThat(bytes).isBetween(10_000_000L, MOST_BYTES);
    assertThat(folder.resolve("VERSION")).hasContent("1.2 0123456789ab\n");
    assertThat(folder.resolve("LICENSE")).hasSameTextualContentAs(Path.of("LICENSE"));
    assertThat(folder.resolve("temper")).isExecutable();
    assertThat(folder.resolve("benchmarks/gpu/README.md")).exists();
    try (Stream<Path> left = Files.list(place)) {
      assertThat(left.filter(file -> file.getFileName().toString().startsWith(".temper"))).isEmpty();
    }
  }

  @Test
  void doctorReportsTheRevision() throws Exception {
    Run run = temper("doctor", "--json");
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out()).contains("\"commit\" : \"0123456789ab\"");
    assertThat(run.err()).isEmpty();
  }

  @Test
  void computes() throws Exception {
    Run run = temper("verify", "--device", "auto", "--quick", "--only", "forward-kl,dtypes,goldens");
    assertThat(run.status()).as(run.out() + run.err()).isZero();
    assertThat(run.out()).contains(" 0 failed");
  }

  @Test
  void trainSaysThatItWasLeftOut() throws Exception {
    Run run = temper("train");
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).startsWith("temper train: this folder leaves out train").hasLineCount(1);
  }

  @Test
  void packingAgainNeedsAJdk() throws Exception {
    Run run = temper("pack", "x");
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).contains("has no jlink, expected a full JDK");
    assertThat(place.resolve("elsewhere/x")).doesNotExist();
  }

  @Test
  void worksThroughALink() throws Exception {
    Path link = Files.createSymbolicLink(place.resolve("link"), folder.resolve("temper"));
    Run run = start(List.of(link.toString(), "--version"), System.getenv("PATH"));
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out()).startsWith("temper ");
  }

  @Test
  void whatExistsIsLeftAlone() {
    assertThatThrownBy(() -> PortableFolder.make(folder, "1.3", "fedcba")).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a folder with spaces exists and is not an empty folder");
    assertThat(folder.resolve("VERSION")).hasContent("1.2 0123456789ab\n");
  }

  private record Run(int status, String out, String err) {}

  private static Run temper(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(folder.resolve("temper").toString()));
    command.addAll(List.of(arguments));
    return start(command, place.resolve("no programs").toString());
  }

  private static Run start(List<String> command, String path) throws Exception {
    Path elsewhere = Files.createDirectories(place.resolve("elsewhere"));
    Path out = Files.createTempFile(place, "out", "");
    Path err = Files.createTempFile(place, "err", "");
    ProcessBuilder builder = new ProcessBuilder(command).directory(elsewhere.toFile()).redirectOutput(out.toFile())
        .redirectError(err.toFile());
    builder.environment().clear();
    builder.environment().put("PATH", path);
    int status = builder.start().waitFor();
    return new Run(status, Files.readString(out), Files.readString(err));
  }
}

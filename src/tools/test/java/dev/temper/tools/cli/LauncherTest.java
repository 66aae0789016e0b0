package dev.temper.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Tests the launcher script with stand-ins for Maven and the JDK that only print their arguments. */
@DisabledOnOs(OS.WINDOWS)
class LauncherTest {

  @TempDir private Path folder;

  private Path root;
  private Path tools;
  private Path builds;

  @BeforeEach
  void copyTheLauncher() throws IOException {
    root = folder.resolve("a clone with spaces");
    tools = folder.resolve("tools");
    builds = folder.resolve("builds");
    Files.createDirectories(root.resolve("src/main"));
    Files.createDirectories(root.resolve("src/tools/java"));
    for (String pom : List.of("pom.xml", "src/pom.xml", "src/tools/pom.xml")) {
      Files.writeString(root.resolve(pom), "<project/>");
    }
    Files.copy(Path.of("temper"), root.resolve("temper"), StandardCopyOption.COPY_ATTRIBUTES);
    script(tools.resolve("mvn"), "echo \"$PWD $*\" >>\"" + builds
        + "\"; sleep 0.3; mkdir -p src/target src/tools/target/lib;"
        + " echo jar >src/target/temper-1.jar; echo tests >src/target/temper-1-tests.jar; echo tools"
        + " >src/tools/target/temper-tools-1.jar");
    script(folder.resolve("jdk/bin/java"), "for a in \"$@\"; do echo \"$a\"; done");
    script(folder.resolve("jdk/bin/javac"), "exit 1");
    Files.writeString(folder.resolve("jdk/release"), "JAVA_VERSION=\"25.0.1\"\n");
  }

  @Test
  void buildsOnceAndPassesTheArgumentsOn() throws Exception {
    assertThat(launch(root.resolve("temper"), "loss", "--input", "two words.npz").out().lines()).containsExactly(
        "--enable-native-access=ALL-UNNAMED", "-Djava.awt.headless=true", "-cp",
        String.join(":", root.toRealPath() + "/target/launcher/temper-tools.jar", root.toRealPath()
            + "/target/launcher/temper.jar",
            root.toRealPath() + "/src/tools/target/lib/*"),
        "dev.temper.tools.cli.Temper", "loss", "--input", "two words.npz");
    launch(root.resolve("temper"), "doctor");
    assertThat(Files.readAllLines(builds)).hasSize(1).first().asString().startsWith(root.toRealPath() + " ")
        .contains("package");
  }

  @Test
  void buildsAgainWhenASourceIsNewer() throws Exception {
    launch(root.resolve("temper"));
    Path source = Files.writeString(root.resolve("src/main/New.java"), "class New {}");
    Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(60)));
    launch(root.resolve("temper"));
    assertThat(Files.readAllLines(builds)).hasSize(2);
  }

  @Test
  void worksThroughALink() throws Exception {
    Path link = Files.createSymbolicLink(tools.resolve("t"), root.resolve("temper"));
    assertThat(launch(link, "x").out()).contains(root.toRealPath() + "/target/launcher/temper.jar");
  }

  @Test
  void theCLocaleIsNoneForFileNames() throws Exception {
    script(folder.resolve("jdk/bin/java"), "echo \"$LC_ALL\"");
    assertThat(inLocale("LC_ALL= LC_CTYPE= LANG=")).isEqualTo("C.UTF-8\n");
    assertThat(inLocale("LC_ALL=POSIX LANG=de_DE.UTF-8")).isEqualTo("C.UTF-8\n");
    assertThat(inLocale("LC_ALL= LC_CTYPE= LANG=de_DE.UTF-8")).isEqualTo("\n");
  }

  private String inLocale(String assignments) throws Exception {
    return launch(Path.of("/bin/sh"), "-c", assignments + " exec \"$0\"", root.resolve("temper").toString()).out();
  }

  @Test
  void launchesAtTheSameTimeShareOneBuild() throws Exception {
    List<Process> started =
        List.of(start(root.resolve("temper")), start(root.resolve("temper")), start(root.resolve("temper")));
    for (Process process : started) {
      assertThat(process.waitFor()).isZero();
    }
    assertThat(Files.readAllLines(builds)).hasSize(1);
    assertThat(root.resolve("target/launcher/lock")).doesNotExist();
  }

  @Test
  void aLockOfAProcessThatIsGoneIsRemoved() throws Exception {
    Process gone = new ProcessBuilder("true").start();
    gone.waitFor();
    Files.createDirectories(root.resolve("target/launcher"));
    Files.createSymbolicLink(root.resolve("target/launcher/lock"), Path.of(Long.toString(gone.pid())));
    assertThat(launch(root.resolve("temper")).status()).isZero();
  }

  @Test
  void aFailedBuildSaysSoAndLeavesNoLock() throws Exception {
    script(tools.resolve("mvn"), "echo 'compilation error'; exit 1");
    Captured run = launch(root.resolve("temper"));
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).contains("compilation error").endsWith("temper: the build failed; its messages are above\n");
    assertThat(root.resolve("target/launcher")).isEmptyDirectory();
  }

  private Captured launch(Path launcher, String... args) throws Exception {
    Process process = start(launcher, args);
    int status = process.waitFor();
    return new Captured(status, Files.readString(out(process)), Files.readString(err(process)));
  }

  private Process start(Path launcher, String... args) throws IOException {
    Path out = Files.createTempFile(folder, "out", "");
    ProcessBuilder builder = new ProcessBuilder(launcher.toString());
    builder.command().addAll(List.of(args));
    builder.directory(folder.toFile());
    builder.environment().put("JAVA_HOME", folder.resolve("jdk").toString());
    builder.environment().merge("PATH", tools.toString(), (path, first) -> first + ":" + path);
    Process process = builder.redirectOutput(out.toFile()).redirectError(Path.of(out + ".err").toFile()).start();
    Files.move(out, out(process));
    Files.move(Path.of(out + ".err"), err(process));
    return process;
  }

  private Path out(Process process) {
    return folder.resolve(process.pid() + ".out");
  }

  private Path err(Process process) {
    return folder.resolve(process.pid() + ".err");
  }

  private static void script(Path file, String body) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/sh\n" + body + "\n");
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }
}

package dev.temper.kernel.tune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import dev.temper.diagnostics.PlanTimes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests that the file of tuned plans is read as it was written, and that a damaged file is not used. */
final class PlanFileTest {

  private static final DeviceIdentity DEVICE = new DeviceIdentity("Some GPU", "9.0", "NVRTC 12.9", "0123456789abcdef");

  @TempDir private Path folder;

  @Test
  void readsWhatWasKept() throws IOException {
    PlanFile file = file();
    assertThat(file.read()).isEqualTo(PlanFile.Content.of(PlanTable.EMPTY));
    List<TunedPlan> plans = List.of(
        plan(DEVICE, new PlanKey("ForwardKl", true, true, DType.BF16, DType.F32, 32_000), "ring5-block-512", 1.101),
        plan(DEVICE, new PlanKey("JensenShannon", true, false, DType.F16, DType.F16, 10), "shared-block-256", 1e-3),
        plan(DEVICE, new PlanKey("ForwardKl", false, true, DType.F32, DType.F32, 10), "stream-block-512", 20));
    for (TunedPlan plan : plans) {
      assertThat(file.keep(plan)).isEmpty();
    }
    assertThat(file.read()).isEqualTo(PlanFile.Content.of(new PlanTable(plans)));
    assertThat(Files.readAllLines(file.path())).startsWith("temper plans 1").contains("Some GPU\t9.0\tNVRTC 12.9\t"
        + "0123456789abcdef\tForwardKl+ce\tBF16,F32\t32000\t64\tring5-block-512\t1.101\tshared-block-512\t2")
        .anyMatch(line -> line.contains("\tce\tF32\t10\t"));
  }

  @Test
  void replacesThePlanOfTheSameCallsOnTheSameDevice() throws IOException {
    PlanFile file = file();
    PlanKey key = new PlanKey("ForwardKl", true, true, DType.BF16, DType.BF16, 32_000);
    TunedPlan other = plan(new DeviceIdentity("Other GPU", "9.0", "NVRTC 12.9", "0123456789abcdef"), key, "a", 1);
    TunedPlan old = plan(new DeviceIdentity("Some GPU", "9.0", "NVRTC 12.4", "fedcba9876543210"), key, "b", 1);
    TunedPlan newer = plan(DEVICE, key, "c", 1);
    file.keep(other);
    file.keep(old);
    assertThat(file.keep(newer)).contains(old);
    assertThat(file.read().table().plans()).containsExactly(other, newer);
  }

  @Test
  void writersAtOnceLoseNoPlan() throws IOException {
    PlanFile file = file();
    IntStream.rangeClosed(1, 40).parallel().forEach(classes -> {
      try {
        file.keep(plan(DEVICE, new PlanKey("ForwardKl", true, true, DType.F32, DType.F32, classes), "a", 1));
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    });
    assertThat(file.read().table().plans()).extracting(plan -> plan.key().classes())
        .containsExactlyInAnyOrderElementsOf(IntStream.rangeClosed(1, 40).boxed().toList());
    try (var files = Files.list(file.path().getParent())) {
      assertThat(files.map(path -> path.getFileName().toString())).containsExactlyInAnyOrder("plans.tsv",
          "plans.tsv.lock");
    }
  }

  @ParameterizedTest
  @MethodSource
  void aDamagedFileIsNotUsed(String good, String bad, String sentence) throws IOException {
    String text = goodText();
    assertThat(text).contains(good);
    Files.writeString(file().path(), text.replace(good, bad));
    PlanFile.Content content = file().read();
    assertThat(content.table().plans()).isEmpty();
    assertThat(content.objection()).startsWith("is damaged: ").contains(sentence);
    assertThat(content.remedy()).isEqualTo("temper tune writes it anew");
  }

  /** Returns changes to a valid file, each with the expected message. */
  static List<Arguments> aDamagedFileIsNotUsed() {
    return List.of(
        Arguments.of("plans 1\n", "plans 2\n", "line 1 is 'temper plans 2', expected 'temper plans 1'"),
        Arguments.of("device\tcap", "device cap", "line 2 is 'device cap"),
        Arguments.of("GPU\t", "GPU ", "line 3: 11 fields, expected 12"),
        Arguments.of("Some GPU", " ", "line 3: the field 'device' is empty"),
        Arguments.of("BF16,BF16", "BF16,I32", "line 3: 'I32' is not a dtype of logits"),
        Arguments.of("BF16,BF16", "BF17,BF16", "BF17"),
        Arguments.of("BF16,BF16", "BF16", "are not a loss, dtypes and a number of classes"),
        Arguments.of("ForwardKl+ce", "ce", "are not a loss, dtypes and a number of classes"),
        Arguments.of("32000", "032000", "are not a loss, dtypes and a number of classes"),
        Arguments.of("32000", "0", "line 3: '0' is not a number from 1 to 2147483647"),
        Arguments.of("32000", "4294967296", "line 3: '4294967296' is not a number from 1 to 2147483647"),
        Arguments.of("\t64\t", "\tmany\t", "many"),
        Arguments.of("1.101", "NaN", "line 3: 'NaN' is not a time in milliseconds"),
        Arguments.of("1.101", "-1", "line 3: '-1' is not a time in milliseconds"));
  }

  @Test
  void aFileWithoutItsEndOrWithALineTwiceIsNotUsed() throws IOException {
    String text = goodText();
    Files.writeString(file().path(), text.substring(0, text.length() - 1));
    assertThat(file().read().objection()).isEqualTo("is damaged: its last line has no line break at its end");
    Files.writeString(file().path(), text + text.lines().toList().getLast() + "\n");
    assertThat(file().read().objection()).contains("line 4: an earlier line has the same device");
    Files.write(file().path(), new byte[] {(byte) 0xff, (byte) 0xfe, 0});
    assertThat(file().read().objection()).contains("not UTF-8 text");
  }

  @Test
  void aPlanThatIsKeptReplacesADamagedFile() throws IOException {
    Files.createDirectories(folder.resolve("inner"));
    Files.writeString(file().path(), "something else\n");
    TunedPlan plan = plan(DEVICE, new PlanKey("ForwardKl", true, true, DType.F32, DType.F32, 3), "a", 1);
    assertThat(file().keep(plan)).isEmpty();
    assertThat(file().read()).isEqualTo(PlanFile.Content.of(new PlanTable(List.of(plan))));
  }

  @Test
  void aFolderInThePlaceOfTheFileIsNotReplaced() throws IOException {
    Files.createDirectories(file().path());
    String objection = "is a folder or a special file, expected a regular file";
    String remedy = "remove it, or name another file with -Dtemper.plans";
    assertThat(file().read()).isEqualTo(new PlanFile.Content(PlanTable.EMPTY, objection, remedy));
    String refusal = "tuned plans cannot be kept in " + file().path() + ", which " + objection + "; " + remedy;
    assertThatThrownBy(file()::requireWritable).isInstanceOf(IOException.class).hasMessage(refusal);
    assertThatThrownBy(() -> file().keep(plan(DEVICE,
        new PlanKey("ForwardKl", true, true, DType.F32, DType.F32, 3), "a", 1))).hasMessage(refusal);
    assertThat(file().path()).isEmptyDirectory();
  }

  @Test
  void aFileInThePlaceOfTheFolderIsNamed() throws IOException {
    Files.writeString(folder.resolve("occupied"), "");
    PlanFile below = new PlanFile(folder.resolve("occupied/plans.tsv"));
    assertThatThrownBy(below::requireWritable).isInstanceOf(IOException.class)
        .hasMessageStartingWith("tuned plans cannot be kept in " + below.path());
  }

  private String goodText() throws IOException {
    Files.deleteIfExists(file().path());
    file().keep(plan(DEVICE, new PlanKey("ForwardKl", true, true, DType.BF16, DType.BF16, 32_000), "ring5-block-512",
        1.101));
    return Files.readString(file().path());
  }

  private PlanFile file() {
    return new PlanFile(folder.resolve("inner/plans.tsv"));
  }

  private static TunedPlan plan(DeviceIdentity device, PlanKey key, String label, double milliseconds) {
    return new TunedPlan(device, key, 64, new PlanTimes(label, milliseconds, "shared-block-512", 2));
  }
}

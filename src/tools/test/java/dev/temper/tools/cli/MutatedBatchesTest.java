package dev.temper.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.Availability;
import dev.temper.LossEngine;
import dev.temper.io.TensorFile;
import dev.temper.tools.files.MutatedFiles;
import dev.temper.tools.files.TensorFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * {@code temper loss} of damaged batches, seeded: it computes and writes a whole file, or refuses in one or two lines
 * and writes none. System property {@code temper.fuzz.files} sets the number of files; a quarter as many are
 * computed.
 */
final class MutatedBatchesTest {

  private static final int BATCHES = Integer.getInteger("temper.fuzz.files", 2_000) / 16;

  @TempDir private Path folder;

  @ParameterizedTest
  @EnumSource
  @Timeout(1_200)
  void isComputedOrRefused(MutatedFiles format) throws IOException {
    Random random = new Random(496);
    boolean cpu = LossEngine.devices().getOrDefault("cpu", Availability.missing("no CPU engine")).usable();
    List<String> devices = cpu ? List.of("reference", "cpu") : List.of("reference");
    Path output = folder.resolve("result.safetensors");
    int computed = 0;
    for (int round = 0; round < BATCHES; round++) {
      byte[] damaged = format.damaged(random);
      Path input = Files.write(folder.resolve(format.fileName()), damaged);
      Captured run = Captured.run("loss", "--device", devices.get(round % devices.size()), "--hard-weight", "0.5",
          "--input", input.toString(), "--output", output.toString());
      String what = run.err() + HexFormat.of().formatHex(damaged);
      assertThat(run.err()).as(what).doesNotContain("\tat ").doesNotContain("Exception").doesNotContain("Error");
      assertThat(run.err().lines().count()).as(what).isLessThanOrEqualTo(2);
      if (run.status() == 0) {
        computed++;
        assertThat(run.out()).as(what).startsWith("loss  ");
        requireWhole(output);
        Files.delete(output);
      } else {
        assertThat(run.status()).as(what).isEqualTo(2);
        assertThat(run.out()).as(what).isEmpty();
      }
      Files.delete(input);
      try (Stream<Path> left = Files.list(folder)) {
        assertThat(left).as(what).isEmpty();
      }
    }
    // A .npy file holds one tensor, which is no batch.
    assertThat(computed).isBetween(format == MutatedFiles.NPY ? 0 : BATCHES / 50, BATCHES - 1);
  }

  private static void requireWhole(Path output) throws IOException {
    try (TensorFile result = TensorFiles.open(output)) {
      assertThat(result.tensors().keySet()).containsExactlyInAnyOrder("gradient", "row_soft", "row_hard");
      for (String name : result.tensors().keySet()) {
        assertThat(result.tensor(name).data().byteSize()).isPositive();
      }
    }
  }
}

package dev.temper.reference;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.Teacher;
import dev.temper.io.SafetensorsBytes;
import dev.temper.Teacher;
import dev.temper.io.SafetensorsFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests a file of logits that another process shortens during a call. The reference reports the file, and the process
 * continues.
 */
final class ShrinkingFileTest {

  @TempDir Path folder;

  @Test
  void theReferenceSaysThatTheFileBecameShorter() throws IOException {
    int rows = 1_000;
    int classes = 1_000;
    byte[] bytes = SafetensorsBytes.file("{\"student\":{\"dtype\":\"F32\",\"shape\":[1000,1000],"
        + "\"data_offsets\":[0,4000000]}}", new byte[4 * rows * classes]);
    Path file = Files.write(folder.resolve("student.safetensors"), bytes);
    try (SafetensorsFile read = SafetensorsFile.open(file); LossEngine engine = LossEngine.open("reference")) {
      HostMatrix student = HostMatrix.of(read.tensor("student").data(), rows, classes, DType.F32);
      LossInputs inputs = LossInputs.of(student).withTeacher(Teacher.logits(student));
      DistillationLoss loss = DistillationLoss.builder().divergence(Divergence.forwardKl()).build();
      engine.forward(loss, inputs).totals();
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(4_096);
      }
      assertThatThrownBy(() -> engine.forward(loss, inputs).totals())
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("a tensor's memory cannot be read: "
              + "the file that it is mapped from became shorter during the call");
    }
  }
}

package dev.temper.snippets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Runs the snippet of linear heads, whose weights are the identity here. */
class HiddenStatesTest {

  private static final int SIZE = 4;

  @Test
  void theSnippetComputesTheLossOfTheLogits() {
    float[] student = {1, 2, 0, -1, 0.5f, 0, 3, 1};
    float[] teacher = {2, 1, 0.5f, 0, 0, 0, 1, 4};
    HostMatrix hidden = HostMatrix.of(student, 2, SIZE);
    HostMatrix teacherHidden = HostMatrix.of(teacher, 2, SIZE);
    HostMatrix weightGradient = HostMatrix.of(Arena.ofAuto().allocate(SIZE * SIZE * 4), SIZE, SIZE, DType.F32);
    float[] hiddenGradient = new float[2 * SIZE];
    int[] labels = {0, 3};
    try (LossEngine engine = LossEngine.open("auto")) {
      double total = HiddenStates.use(engine, hidden, identity(), teacherHidden, identity(), labels,
          HostMatrix.of(hiddenGradient, 2, SIZE), weightGradient);
      double expected = engine.forward(DistillationLoss.hinton(2.0, 0.7), LossInputs.of(hidden)
          .withTeacher(Teacher.logits(teacherHidden)).withLabels(RowVector.labels(labels))).total();
      assertThat(total).isCloseTo(expected, within(1e-6));
      assertThat(hiddenGradient).doesNotContain(0f);
    }
  }

  @Test
  void theReadmeShowsTheSnippet() throws IOException {
    List<String> source = Files.readAllLines(Path.of("src/test/java/dev/temper/snippets/HiddenStates.java"));
    int start = source.indexOf("    // @start region=\"hidden\"");
    String code = String.join("\n", source.subList(start + 1, source.indexOf("    // @end"))).stripIndent();
    assertThat(Files.readString(Path.of("README.md"))).contains(code);
  }

  private static HostMatrix identity() {
    float[] values = new float[SIZE * SIZE];
    for (int i = 0; i < SIZE; i++) {
      values[i * SIZE + i] = 1;
    }
    return HostMatrix.of(values, SIZE, SIZE);
  }
}

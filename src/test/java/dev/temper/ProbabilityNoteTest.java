package dev.temper;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Tests the warning about probabilities in the place of logits. A process checks one teacher only, so each case runs in
 * a new process.
 */
class ProbabilityNoteTest {

  private static final String NOTE = "sums to 1, as probabilities do, but it was given as logits";

  @Test
  void probabilitiesAreNotedOnce() throws Exception {
    assertThat(run("0.7", "0.25", "0.05")).containsOnlyOnce(NOTE);
  }

  @Test
  void logitsAndLogProbabilitiesAreNot() throws Exception {
    assertThat(run("-0.357", "-1.386", "-2.996")).doesNotContain(NOTE);
    assertThat(run("0.7", "0.2", "0.9")).doesNotContain(NOTE);
    assertThat(run("0", "0", "0")).doesNotContain(NOTE);
    assertThat(run("2", "-1", "0")).doesNotContain(NOTE);
    assertThat(run("1")).doesNotContain(NOTE);
  }

  private static String run(String... teacher) throws IOException, InterruptedException {
    return JavaProcess.run(TwoLosses.class, List.of(), teacher);
  }

  /** Two losses with the same teacher. */
  static final class TwoLosses {
    private TwoLosses() {}

    public static void main(String[] args) {
      short[] teacher = new short[args.length];
      for (int i = 0; i < args.length; i++) {
        teacher[i] = DType.BF16.narrow(Float.parseFloat(args[i]));
      }
      try (LossEngine engine = LossEngine.open("reference")) {
        for (int i = 0; i < 2; i++) {
          LossInputs inputs = LossInputs.of(HostMatrix.of(new float[args.length], 1, args.length))
              .withTeacher(Teacher.logits(HostMatrix.of(teacher, 1, args.length, DType.BF16)));
          engine.forward(DistillationLoss.builder().build(), inputs).totals();
        }
      }
    }
  }
}

package dev.temper.tools.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class TrainPlanTest {

  private static final TrainPlan PLAN = TrainPlan.defaults();

  @Test
  void theStudentIsAboutTenTimesSmaller() {
    long teacher = parameters(PLAN.teacher());
    long student = parameters(PLAN.student());
    assertThat(teacher).isBetween(2_000_000L, 5_000_000L);
    assertThat(teacher / (double) student).isBetween(7.0, 13.0);
  }

  @Test
  void stepsOfTheTeacherFollowThoseOfTheStudent() {
    TrainPlan half = PLAN.withStudentSteps(PLAN.student().steps() / 2);
    assertThat(half.teacher().steps()).isEqualTo(PLAN.teacher().steps() / 2);
    assertThat(PLAN.withStudentSteps(1).teacher().steps()).isPositive();
    assertThatThrownBy(() -> PLAN.withStudentSteps(0)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("steps is 0");
  }

  @Test
  void teacherStepsAndLearningRateChangeAlone() {
    TrainPlan weak = PLAN.withTeacherSteps(7).withStudentRate(0.5);
    assertThat(weak.teacher()).isEqualTo(PLAN.teacher().withSteps(7));
    assertThat(weak.student()).isEqualTo(PLAN.student().withLearningRate(0.5));
    assertThatThrownBy(() -> PLAN.withStudentRate(0))
        .hasMessage("learningRate is 0.0, expected a finite number above 0");
  }

  @Test
  void aShortTextIsReadFourTimesAtMost() {
    TrainPlan plan = PLAN.forWords(51_200);
    assertThat((double) plan.teacher().steps() * plan.rows()).isBetween(3.9 * 51_200, 4.0 * 51_200);
    assertThat(PLAN.forWords(10_000_000)).isEqualTo(PLAN);
  }

  private static long parameters(TrainPlan.Budget budget) {
    return new LanguageModel.Shape(PLAN.vocabulary(), PLAN.context(), budget.embedding(), budget.hidden()).parameters();
  }
}

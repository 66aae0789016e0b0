package dev.temper.tools.train;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** The optimiser of Kingma and Ba (2015), with its usual constants. */
final class Adam {

  private static final float MEAN_DECAY = 0.9f;
  private static final float SQUARE_DECAY = 0.999f;
  private static final float EPSILON = 1e-8f;

  /** Running averages of the gradient and of its square. */
  private record Moments(Parameter parameter, Matrix mean, Matrix square) {}

  private final List<Moments> moments = new ArrayList<>();
  private int steps;

  Adam(List<Parameter> parameters, Arena arena) {
    for (Parameter parameter : parameters) {
      Matrix value = parameter.value();
      moments.add(new Moments(parameter, Matrix.zeros(arena, value.rows(), value.columns()),
          Matrix.zeros(arena, value.rows(), value.columns())));
    }
  }

  /** Moves every parameter against its gradient. */
  void step(double learningRate) {
    steps++;
    // Both averages begin at 0. One factor on the learning rate corrects them.
    double correction = Math.sqrt(1 - Math.pow(SQUARE_DECAY, steps)) / (1 - Math.pow(MEAN_DECAY, steps));
    for (Moments m : moments) {
      update(m, (float) (learningRate * correction));
    }
  }

  private static void update(Moments m, float rate) {
    MemorySegment value = m.parameter.value().segment();
    MemorySegment gradient = m.parameter.gradient().segment();
    MemorySegment mean = m.mean.segment();
    MemorySegment square = m.square.segment();
    for (long i = 0; i < m.mean.size(); i++) {
      float g = gradient.getAtIndex(ValueLayout.JAVA_FLOAT, i);
      float average = MEAN_DECAY * mean.getAtIndex(ValueLayout.JAVA_FLOAT, i) + (1 - MEAN_DECAY) * g;
      float power = SQUARE_DECAY * square.getAtIndex(ValueLayout.JAVA_FLOAT, i) + (1 - SQUARE_DECAY) * g * g;
      mean.setAtIndex(ValueLayout.JAVA_FLOAT, i, average);
      square.setAtIndex(ValueLayout.JAVA_FLOAT, i, power);
      float moved = value.getAtIndex(ValueLayout.JAVA_FLOAT, i) - rate * average / ((float) Math.sqrt(power) + EPSILON);
      value.setAtIndex(ValueLayout.JAVA_FLOAT, i, moved);
    }
  }
}

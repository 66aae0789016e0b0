package dev.temper.spi;

import dev.temper.MatrixView;
import dev.temper.Teacher;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The teachers of a mixture whose weight is above 0. Other teachers are not read.
 *
 * @param logits logits of each teacher
 * @param weights weight of each teacher, a normal f32
 */
public record MixedTeachers(List<MatrixView> logits, List<Float> weights) {

  public MixedTeachers {
    logits = List.copyOf(logits);
    weights = List.copyOf(weights);
  }

  /** Returns the teachers of a mixture; none for another teacher. */
  public static MixedTeachers of(@Nullable Teacher teacher) {
    List<MatrixView> logits = new ArrayList<>();
    List<Float> weights = new ArrayList<>();
    if (teacher instanceof Teacher.Mixture mixture) {
      for (int m = 0; m < mixture.weights().size(); m++) {
        double weight = mixture.weights().get(m);
        if (weight > 0) {
          logits.add(mixture.logits().get(m));
          weights.add(Math.max((float) weight, Float.MIN_NORMAL));
        }
      }
    }
    return new MixedTeachers(logits, weights);
  }

  /** Returns the logits of one of the teachers, or null if there are fewer. */
  public @Nullable MatrixView logits(int m) {
    return m < logits.size() ? logits.get(m) : null;
  }
}

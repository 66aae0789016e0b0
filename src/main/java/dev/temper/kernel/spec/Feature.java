package dev.temper.kernel.spec;

import dev.temper.DistillationLoss;
import dev.temper.LossOutputs;
import dev.temper.RowOutput;
import dev.temper.SoftValue;
import dev.temper.spi.LossCall;
import dev.temper.spi.TeacherForm;
import java.util.EnumSet;
import java.util.Set;

/** An option whose code is compiled only for calls that have it. */
public enum Feature {
  /** The teacher's temperature differs from the student's. */
  TWO_SCALES,
  /** Labels are smoothed. */
  SMOOTHING,
  /** The student's logits have a softcap. */
  STUDENT_SOFTCAP,
  /** The teacher's logits have a softcap. */
  TEACHER_SOFTCAP,
  /** The entropies of student and teacher are computed. */
  ENTROPIES,
  /** The derivative with respect to the temperature is computed. */
  TEMPERATURE_GRADIENT,
  /** The soft part compares standardised logits. */
  STANDARDISE,
  /** The gradient is added to the one in memory. */
  ACCUMULATE,
  /** The teacher is given by lists of classes. Such losses have their own source, and the teacher has no type. */
  LISTS,
  /** The kernel prepares the teacher's rows, whose form and dtypes it reads at run time. */
  PREPARED;

  /** Returns the features of a call. */
  static Set<Feature> of(LossCall call) {
    DistillationLoss loss = call.loss();
    LossOutputs outputs = call.outputs();
    EnumSet<Feature> features = EnumSet.noneOf(Feature.class);
    TeacherForm form = call.teacherForm();
    add(loss.teacherTemperature().isPresent() || form.isAtTemperature(), TWO_SCALES, features);
    add(loss.labelSmoothing() > 0, SMOOTHING, features);
    add(loss.softcap().isPresent(), STUDENT_SOFTCAP, features);
    add(loss.teacherSoftcap().isPresent() && !form.isAtTemperature(), TEACHER_SOFTCAP, features);
    boolean inValue = call.usesTeacher() && loss.softValue() == SoftValue.CROSS_ENTROPY;
    add(inValue || outputs.row(RowOutput.STUDENT_ENTROPY) != null || outputs.row(RowOutput.TEACHER_ENTROPY) != null,
        ENTROPIES, features);
    add(outputs.temperatureGradient(), TEMPERATURE_GRADIENT, features);
    add(loss.standardise(), STANDARDISE, features);
    add(outputs.addsToGradient(), ACCUMULATE, features);
    add(call.teacherLists() != null, LISTS, features);
    add(form != TeacherForm.LOGITS, PREPARED, features);
    return features;
  }

  private static void add(boolean used, Feature feature, Set<Feature> features) {
    if (used) {
      features.add(feature);
    }
  }
}

package dev.temper.spi;

import static dev.temper.LossOption.DENOMINATOR_IN_MEMORY;
import static dev.temper.LossOption.GRADIENT_ADDED_TO;
import static dev.temper.LossOption.HARD_DENOMINATOR;
import static dev.temper.LossOption.IGNORE_SCOPE;
import static dev.temper.LossOption.LABEL_SMOOTHING;
import static dev.temper.LossOption.ROW_LABEL_LOG_PROB;
import static dev.temper.LossOption.ROW_STRIDE_0;
import static dev.temper.LossOption.ROW_STUDENT_ENTROPY;
import static dev.temper.LossOption.ROW_STUDENT_MASS;
import static dev.temper.LossOption.ROW_TEACHER_ENTROPY;
import static dev.temper.LossOption.ROW_TEACHER_MASS;
import static dev.temper.LossOption.ROW_UNMAPPED_MASS;
import static dev.temper.LossOption.SOFTCAP;
import static dev.temper.LossOption.SOFT_DENOMINATOR;
import static dev.temper.LossOption.SOFT_VALUE;
import static dev.temper.LossOption.STANDARDISE;
import static dev.temper.LossOption.TEACHER_SOFTCAP;
import static dev.temper.LossOption.TEACHER_TEMPERATURE;
import static dev.temper.LossOption.TEMPERATURE_GRADIENT;
import static dev.temper.LossOption.Z_LOSS;

import dev.temper.Denominator;
import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.IgnoreScope;
import dev.temper.LossInputs;
import dev.temper.LossOption;
import dev.temper.LossOutputs;
import dev.temper.MatrixView;
import dev.temper.RowOutput;
import dev.temper.SoftValue;
import dev.temper.Teacher;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Declares what an engine computes. A call that needs more is refused before anything is written.
 *
 * <p>Temperature, weights, reductions, numClasses, ignoreIndex, one denominator, row weights and row temperatures need
 * no declaration, because every engine must have them.
 *
 * @param divergences the divergences that the engine computes
 * @param teachers the teachers that the engine reads
 * @param options the options that the engine supports beyond those of every engine
 */
public record Capabilities(Predicate<Divergence> divergences, Predicate<Teacher> teachers,
    Set<LossOption> options) {

  private static final Capabilities ALL = new Capabilities(_ -> true, _ -> true, EnumSet.allOf(LossOption.class));

  private static final String ELSEWHERE = " is not supported by this engine; the reference device supports it";

  public Capabilities {
    options = Set.copyOf(options);
  }

  /** Declares every divergence and every option. */
  public static Capabilities all() {
    return ALL;
  }

  /** Returns whether a call is supported, with the first divergence or option that is not. */
  public Support check(LossCall call) {
    DistillationLoss loss = call.loss();
    if (call.usesTeacher() && !divergences.test(loss.divergence())) {
      return Support.no(LossOption.DIVERGENCE, " ", loss.divergence().label(), ELSEWHERE);
    }
    Teacher teacher = call.usesTeacher() ? call.inputs().teacher() : null;
    if (teacher != null && !teachers.test(teacher)) {
      return Support.no("teacher ", teacher.label(), ELSEWHERE);
    }
    for (Map.Entry<LossOption, Object> used : used(call).entrySet()) {
      if (!options.contains(used.getKey())) {
        return used.getValue().equals("")
            ? Support.no(used.getKey(), ELSEWHERE)
            : Support.no(used.getKey(), " ", used.getValue(), ELSEWHERE);
      }
    }
    return Support.yes();
  }

  /** Returns the options that a call uses and that need a declaration, each with its value or an empty string. */
  private static Map<LossOption, Object> used(LossCall call) {
    Map<LossOption, Object> used = new LinkedHashMap<>();
    addOptions(call, used);
    addInputs(call, used);
    addOutputs(call.outputs(), used);
    return used;
  }

  private static void addOptions(LossCall call, Map<LossOption, Object> used) {
    DistillationLoss loss = call.loss();
    loss.softcap().ifPresent(c -> used.put(SOFTCAP, c));
    if (call.usesCrossEntropy()) {
      put(loss.labelSmoothing() > 0, LABEL_SMOOTHING, loss.labelSmoothing(), used);
      put(loss.zLoss() > 0, Z_LOSS, loss.zLoss(), used);
    }
    if (call.usesTeacher()) {
      loss.teacherTemperature().ifPresent(t -> used.put(TEACHER_TEMPERATURE, t));
      loss.teacherSoftcap().ifPresent(c -> used.put(TEACHER_SOFTCAP, c));
      put(loss.standardise(), STANDARDISE, "", used);
      put(loss.softValue() != SoftValue.KL, SOFT_VALUE, loss.softValue().label(), used);
    }
    put(loss.ignoreScope() == IgnoreScope.HARD, IGNORE_SCOPE, loss.ignoreScope().label(), used);
  }

  private static void addInputs(LossCall call, Map<LossOption, Object> used) {
    LossInputs inputs = call.inputs();
    Denominator soft = inputs.softDenominator();
    Denominator hard = inputs.hardDenominator();
    put(soft instanceof Denominator.InMemory || hard instanceof Denominator.InMemory, DENOMINATOR_IN_MEMORY, "", used);
    if (soft == null ? hard != null : !soft.equals(hard)) {
      LossOption option = soft == null ? HARD_DENOMINATOR : SOFT_DENOMINATOR;
      used.put(option, (soft == null ? hard : soft) instanceof Denominator.Value(double value) ? value : "");
    }
    put(isRepeated(inputs.student()) || (call.usesTeacher() && isRepeated(call.teacherLogits())), ROW_STRIDE_0, "",
        used);
  }

  private static void addOutputs(LossOutputs outputs, Map<LossOption, Object> used) {
    put(outputs.addsToGradient(), GRADIENT_ADDED_TO, "", used);
    put(outputs.temperatureGradient(), TEMPERATURE_GRADIENT, "", used);
    put(outputs.row(RowOutput.LABEL_LOG_PROB) != null, ROW_LABEL_LOG_PROB, "", used);
    put(outputs.row(RowOutput.STUDENT_ENTROPY) != null, ROW_STUDENT_ENTROPY, "", used);
    put(outputs.row(RowOutput.TEACHER_ENTROPY) != null, ROW_TEACHER_ENTROPY, "", used);
    put(outputs.row(RowOutput.STUDENT_MASS) != null, ROW_STUDENT_MASS, "", used);
    put(outputs.row(RowOutput.TEACHER_MASS) != null, ROW_TEACHER_MASS, "", used);
    put(outputs.row(RowOutput.UNMAPPED_MASS) != null, ROW_UNMAPPED_MASS, "", used);
  }

  private static void put(boolean isUsed, LossOption option, Object value, Map<LossOption, Object> used) {
    if (isUsed) {
      used.put(option, value);
    }
  }

  private static boolean isRepeated(@Nullable MatrixView matrix) {
    return matrix != null && matrix.rowStride() == 0 && matrix.rows() > 1;
  }
}

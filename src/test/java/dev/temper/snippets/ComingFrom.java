package dev.temper.snippets;

import static dev.temper.Divergence.jensenShannon;
import static dev.temper.Divergence.mixed;
import static dev.temper.Divergence.reverseKl;
import static dev.temper.Divergence.skewForwardKl;
import static dev.temper.Divergence.skewReverseKl;
import static dev.temper.Reduction.BATCH_MEAN;
import static dev.temper.SoftValue.CROSS_ENTROPY;
import static dev.temper.Tail.BUCKET;
import static dev.temper.Tail.RENORMALISE_BOTH;
import static dev.temper.Tail.RENORMALISE_TEACHER;
import static dev.temper.Tail.TRUNCATE;
import static dev.temper.Teacher.topK;

import dev.temper.DistillationLoss;
import dev.temper.IdMatrix;
import dev.temper.MatrixView;
import dev.temper.Teacher;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The calls of docs/coming-from.md: each region is the Java of one row of its table, in the same order. */
public final class ComingFrom {

  private static final double T = 2;

  /**
   * The Java of one row.
   *
   * @param losses one loss, or several whose values are added
   * @param teacher the teacher; null for a teacher given by logits
   * @param labelled whether rows with the label -100 are left out
   */
  public record Call(List<DistillationLoss> losses, @Nullable Teacher teacher, boolean labelled) {}

  /** Lists of some classes of each row, with log-probabilities over all classes. */
  public record Lists(IdMatrix ids, MatrixView logProbs) {}

  private ComingFrom() {}

  /**
   * All rows.
   *
   * @param atT lists at the temperature T
   * @param atOne lists at the temperature 1
   * @param ofBoth lists at the temperature 1 of the classes that either side finds most probable
   */
  public static List<Call> rows(Lists atT, Lists atOne, Lists ofBoth) {
    return List.of(
        allRows(pytorch()), allRows(pytorchSequences()), allRows(pytorchMean()),
        logits(gkd()), logits(miniLlm()), logits(distillationConfig()), trlServer(atT.ids, atT.logProbs),
        logits(liger()),
        logits(distillmForward()), logits(distillmSkewForward()), logits(distillmSkewReverse()), logits(distillmJs()),
        logits(distillmSymmetric()),
        distillKitUniform(atT.ids, atT.logProbs), distillKitZero(atT.ids, atT.logProbs),
        allRows(modelOpt()), logits(torchtuneForward()), logits(torchtuneSymmetric()),
        nemoMixed(atOne.ids, atOne.logProbs), nemoForward(atOne.ids, atOne.logProbs),
        verl(ofBoth.ids, ofBoth.logProbs));
  }

  private static Call allRows(DistillationLoss loss) {
    return new Call(List.of(loss), null, false);
  }

  private static Call logits(DistillationLoss loss) {
    return new Call(List.of(loss), null, true);
  }

  private static Call lists(Teacher teacher, DistillationLoss... losses) {
    return new Call(List.of(losses), teacher, true);
  }

  // @start region="pytorch"
  static DistillationLoss pytorch() {
    return DistillationLoss.builder().temperature(T).reduction(BATCH_MEAN).build();
  }
  // @end

  // @start region="pytorch-sequences"
  static DistillationLoss pytorchSequences() {
    return DistillationLoss.builder().temperature(T).reduction(BATCH_MEAN).build();
  }
  // @end

  // @start region="pytorch-mean"
  static DistillationLoss pytorchMean() {
    return DistillationLoss.builder().temperature(T).reduction(BATCH_MEAN).build();
  }
  // @end

  // @start region="gkd"
  static DistillationLoss gkd() {
    return DistillationLoss.builder().divergence(jensenShannon(0.1)).temperature(T).temperatureScaling(false).build();
  }
  // @end

  // @start region="minillm"
  static DistillationLoss miniLlm() {
    return DistillationLoss.builder().divergence(reverseKl()).temperature(T).temperatureScaling(false).build();
  }
  // @end

  // @start region="distillation-config"
  static DistillationLoss distillationConfig() {
    return DistillationLoss.builder().divergence(reverseKl()).temperature(T).temperatureScaling(false).build();
  }
  // @end

  // @start region="trl-server"
  static Call trlServer(IdMatrix ids, MatrixView logProbs) {
    return lists(topK(ids, logProbs, BUCKET),
        DistillationLoss.builder().temperature(T).temperatureScaling(false).build());
  }
  // @end

  // @start region="liger"
  static DistillationLoss liger() {
    return DistillationLoss.builder().divergence(jensenShannon(0.5)).temperature(T).temperatureScaling(false)
        .softWeight(0.5).hardWeight(0.5).build();
  }
  // @end

  // @start region="distillm-forward"
  static DistillationLoss distillmForward() {
    return DistillationLoss.builder().softValue(CROSS_ENTROPY).build();
  }
  // @end

  // @start region="distillm-skew-forward"
  static DistillationLoss distillmSkewForward() {
    return DistillationLoss.builder().divergence(skewForwardKl(0.1)).build();
  }
  // @end

  // @start region="distillm-skew-reverse"
  static DistillationLoss distillmSkewReverse() {
    return DistillationLoss.builder().divergence(skewReverseKl(0.1)).build();
  }
  // @end

  // @start region="distillm-js"
  static DistillationLoss distillmJs() {
    return DistillationLoss.builder().divergence(jensenShannon(0.1)).build();
  }
  // @end

  // @start region="distillm-symmetric"
  static DistillationLoss distillmSymmetric() {
    return DistillationLoss.builder().divergence(mixed(0.1)).build();
  }
  // @end

  // @start region="distillkit-uniform"
  static Call distillKitUniform(IdMatrix ids, MatrixView logProbs) {
    return lists(topK(ids, logProbs, BUCKET), DistillationLoss.builder().temperature(T).build());
  }
  // @end

  // @start region="distillkit-zero"
  static Call distillKitZero(IdMatrix ids, MatrixView logProbs) {
    return lists(topK(ids, logProbs, RENORMALISE_TEACHER), DistillationLoss.builder().temperature(T).build());
  }
  // @end

  // @start region="modelopt"
  static DistillationLoss modelOpt() {
    return DistillationLoss.builder().temperature(T).reduction(BATCH_MEAN).build();
  }
  // @end

  // @start region="torchtune-forward"
  static DistillationLoss torchtuneForward() {
    return DistillationLoss.builder().softValue(CROSS_ENTROPY).build();
  }
  // @end

  // @start region="torchtune-symmetric"
  static DistillationLoss torchtuneSymmetric() {
    return DistillationLoss.builder().divergence(mixed(0.5)).build();
  }
  // @end

  // @start region="nemo-mixed"
  static Call nemoMixed(IdMatrix ids, MatrixView logProbs) {
    return lists(topK(ids, logProbs, RENORMALISE_BOTH),
        DistillationLoss.builder().softWeight(0.5).build(),
        DistillationLoss.builder().divergence(reverseKl()).softWeight(0.5).build());
  }
  // @end

  // @start region="nemo-forward"
  static Call nemoForward(IdMatrix ids, MatrixView logProbs) {
    return lists(topK(ids, logProbs, RENORMALISE_TEACHER), DistillationLoss.builder().build());
  }
  // @end

  // @start region="verl"
  static Call verl(IdMatrix ids, MatrixView logProbs) {
    return lists(topK(ids, logProbs, TRUNCATE), DistillationLoss.builder().build());
  }
  // @end
}

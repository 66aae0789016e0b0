package dev.temper.benchmarks.toolkits;

import static dev.temper.benchmarks.toolkits.ToolkitBatch.CLASSES;
import static dev.temper.benchmarks.toolkits.ToolkitBatch.jensenShannon;
import static dev.temper.benchmarks.toolkits.ToolkitBatch.kl;
import static dev.temper.benchmarks.toolkits.ToolkitBatch.mixture;
import static dev.temper.benchmarks.toolkits.ToolkitBatch.renormalised;
import static dev.temper.benchmarks.toolkits.ToolkitBatch.sum;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.bytedeco.pytorch.KLDivLossOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.kBatchMean;
import org.bytedeco.pytorch.kMean;

/**
 * The formula of each toolkit, as its source has it: the order of the arguments, the clamps, the temperature and the
 * divisor are theirs.
 */
public final class ToolkitFormulas {

  private static final double T = 2;
  private static final Scalar T_SQUARED = new Scalar(T * T);
  private static final String TRL = "TRL 1.10.0.dev0";
  private static final String LIGER = "Liger 0.8.2";
  private static final String DISTILLM = "DistiLLM d47e77f";
  private static final String DISTILLM_SOURCE = "distillm/losses.py";
  private static final String DISTILL_KIT = "DistillKit 1.0.0 (a61c2e7)";
  private static final String TORCHTUNE = "torchtune 0.7.0 (bd2a0fc)";
  private static final String TORCHTUNE_SOURCE = "torchtune/modules/loss/kd_losses.py";

  private record Formula(String toolkit, String source, String call, ToDoubleFunction<ToolkitBatch> value) {}

  private ToolkitFormulas() {}

  /** Computes all losses of a batch. */
  public static List<ToolkitNumbers.Loss> losses(ToolkitNumbers.Batch numbers) {
    ToolkitBatch batch = new ToolkitBatch(numbers);
    List<Formula> formulas = new ArrayList<>(pytorch(numbers));
    formulas.addAll(trl());
    formulas.addAll(distillm());
    formulas.addAll(others());
    return formulas.stream().map(f -> new ToolkitNumbers.Loss(f.toolkit, f.source, f.call,
        f.value.applyAsDouble(batch))).toList();
  }

  private static List<Formula> pytorch(ToolkitNumbers.Batch numbers) {
    String usual = "kl_div(log_softmax(s/T), softmax(t/T), reduction=";
    String source = "torch/nn/functional.py";
    long[] sequences = {numbers.batch(), numbers.sequence(), numbers.student()[0].length};
    return List.of(
        new Formula("PyTorch 2.10", source, usual + "\"batchmean\") * T*T, [rows, classes]",
            b -> usual(b.student, b.teacher, false)),
        new Formula("PyTorch 2.10", source, usual + "\"batchmean\") * T*T, [batch, sequence, classes]",
            b -> usual(b.student.reshape(sequences), b.teacher.reshape(sequences), false)),
        new Formula("PyTorch 2.10", source, usual + "\"mean\") * T*T", b -> usual(b.student, b.teacher, true)));
  }

  private static double usual(Tensor student, Tensor teacher, boolean mean) {
    KLDivLossOptions options = mean ? new KLDivLossOptions(new kMean()) : new KLDivLossOptions(new kBatchMean());
    Scalar t = new Scalar(T);
    return torch.kl_div(torch.log_softmax(student.div(t), -1), torch.softmax(teacher.div(t), -1), options)
        .mul(T_SQUARED).item_double();
  }

  private static List<Formula> trl() {
    return List.of(
        new Formula(TRL, "trl/experimental/gkd/gkd_trainer.py",
            "GKDTrainer.generalized_jsd_loss(s, t, labels, beta=0.1, temperature=T)",
            b -> b.meanOfLabelled(jensenShannon(b.logTeacher(T), b.logStudent(T), 0.1))),
        new Formula(TRL, "trl/experimental/minillm/minillm_trainer.py",
            "MiniLLMConfig(kd_temperature=T, single_step_decomposition=True)",
            b -> b.meanOfLabelled(kl(b.logStudent(T), b.logTeacher(T)))),
        new Formula(TRL, "trl/experimental/distillation/distillation_trainer.py",
            "DistillationConfig(beta=1.0, temperature=T)",
            b -> b.meanOfLabelled(kl(b.logStudent(T), b.logTeacher(T)))),
        new Formula(TRL, "trl/experimental/server_distillation/server_distillation_trainer.py",
            "ServerDistillationConfig(beta=0.0, loss_top_k=3, loss_add_tail=True, temperature=T)",
            b -> b.meanOfLabelled(kl(withTail(b.logTeacher(T).gather(CLASSES, b.topK)),
                withTail(b.logStudent(T).gather(CLASSES, b.topK))))),
        new Formula(LIGER, "src/liger_kernel/chunked_loss/jsd_loss.py",
            "LigerFusedLinearJSDLoss(beta=0.5, weight_hard_loss=0.5, weight_soft_loss=0.5, temperature=T)",
            b -> 0.5 * b.hard() + 0.5 * b.meanOfLabelled(jensenShannon(b.logTeacher(T), b.logStudent(T), 0.5))));
  }

  /** One more class: {@code log(1 - P)}, with {@code log P} at most -1e-7. */
  private static Tensor withTail(Tensor logs) {
    Tensor logMass = torch.logsumexp(logs, new long[] {CLASSES}, true).clamp_max(new Scalar(-1e-7));
    return torch.cat(new TensorVector(logs, torch.expm1(logMass).neg().log()), CLASSES);
  }

  private static List<Formula> distillm() {
    return List.of(
        new Formula(DISTILLM, DISTILLM_SOURCE, "forward_kl(s, t, batch)",
            b -> b.meanOfLabelled(crossEntropy(b.logTeacher(1), b.logStudent(1)))),
        new Formula(DISTILLM, DISTILLM_SOURCE, "skewed_forward_kl(s, t, batch, lam=0.1)",
            b -> b.meanOfLabelled(crossEntropy(b.logTeacher(1), mixture(b.logTeacher(1), b.logStudent(1), 0.1)))),
        new Formula(DISTILLM, DISTILLM_SOURCE, "skewed_reverse_kl(s, t, batch, lam=0.1)",
            b -> b.meanOfLabelled(kl(b.logStudent(1), mixture(b.logTeacher(1), b.logStudent(1), 0.9)))),
        new Formula(DISTILLM, DISTILLM_SOURCE, "js_distance(s, t, batch, lam=0.9)",
            b -> b.meanOfLabelled(jensenShannon(b.logTeacher(1), b.logStudent(1), 1 - 0.9))),
        new Formula(DISTILLM, DISTILLM_SOURCE, "symmetric_kl(s, t, batch, lam=0.9)",
            b -> 0.1 * b.meanOfLabelled(crossEntropy(b.logTeacher(1), b.logStudent(1)))
                + 0.9 * b.meanOfLabelled(kl(b.logStudent(1), b.logTeacher(1)))));
  }

  /** {@code -sum p log q} of each row. */
  private static Tensor crossEntropy(Tensor logP, Tensor logQ) {
    return sum(logP.exp().mul(logQ)).neg();
  }

  private static List<Formula> others() {
    return List.of(
        new Formula(DISTILL_KIT, "distillkit/lossfuncs/kl.py",
            "KLDLoss(temperature=T, missing_probability_handling=SYMMETRIC_UNIFORM)",
            b -> T * T * b.meanOfLabelled(symmetricUniform(b.logTeacher(T).gather(CLASSES, b.topK),
                b.logStudent(T).gather(CLASSES, b.topK)))),
        new Formula(DISTILL_KIT, "distillkit/lossfuncs/kl.py",
            "KLDLoss(temperature=T, missing_probability_handling=ZERO)",
            b -> T * T * b.meanOfLabelled(kl(renormalised(b.logTeacher(T).gather(CLASSES, b.topK)),
                b.logStudent(T).gather(CLASSES, b.topK)))),
        new Formula("ModelOpt 0.40 (5a4242f)", "modelopt/torch/distill/losses.py",
            "LogitsDistillationLoss(temperature=T)", b -> usual(b.student, b.teacher, false)),
        new Formula(TORCHTUNE, TORCHTUNE_SOURCE, "ForwardKLLoss()",
            b -> b.meanOfLabelled(crossEntropy(b.logTeacher(1), b.logStudent(1)))),
        new Formula(TORCHTUNE, TORCHTUNE_SOURCE, "SymmetricKLLoss(sym_kd_ratio=0.5)",
            b -> 0.5 * b.meanOfLabelled(crossEntropy(b.logTeacher(1), b.logStudent(1)))
                + 0.5 * b.meanOfLabelled(kl(b.logStudent(1), b.logTeacher(1)))),
        new Formula("NeMo-RL 0.6 (7ea279a)", "nemo_rl/algorithms/loss/loss_functions.py",
            "DistillationLossFn(kl_type=\"mixed\", mixed_kl_weight=0.5, zero_outside_topk=False)",
            ToolkitFormulas::mixedOnTopK),
        new Formula("NeMo-RL 0.6 (7ea279a)", "nemo_rl/algorithms/loss/loss_functions.py",
            "DistillationLossFn(kl_type=\"forward\", zero_outside_topk=True)",
            b -> b.meanOfLabelled(kl(renormalised(b.teacher.gather(CLASSES, b.topK)),
                b.logStudent(1).gather(CLASSES, b.topK)))),
        new Formula("verl 3baac34", "verl/trainer/distillation/losses.py",
            "loss_mode=\"forward_kl_topk\", topk=1", ToolkitFormulas::clampedOnUnion));
  }

  /** The missing mass of both sides lies between 1e-8 and 1 - 1e-8. */
  private static Tensor symmetricUniform(Tensor logP, Tensor logQ) {
    Tensor missingP = torch.log1p(clamped(sum(logP.exp())).neg());
    Tensor missingQ = torch.log1p(clamped(sum(logQ.exp())).neg());
    return kl(logP, logQ).add(missingP.exp().mul(missingP.sub(missingQ)));
  }

  private static Tensor clamped(Tensor mass) {
    return mass.clamp_min(new Scalar(1e-8)).clamp_max(new Scalar(1 - 1e-8));
  }

  private static double mixedOnTopK(ToolkitBatch b) {
    Tensor logP = renormalised(b.teacher.gather(CLASSES, b.topK));
    Tensor logQ = renormalised(b.student.gather(CLASSES, b.topK));
    return 0.5 * b.meanOfLabelled(kl(logP, logQ)) + 0.5 * b.meanOfLabelled(kl(logQ, logP));
  }

  /** Log-probabilities are at least log 1e-8, a repeated class has that value on both sides, a row is at least 0. */
  private static double clampedOnUnion(ToolkitBatch b) {
    Scalar least = new Scalar(Math.log(1e-8));
    Tensor repeated = b.union.lt(new Scalar(0L));
    Tensor index = b.union.clamp_min(new Scalar(0L));
    Tensor logP = b.logTeacher(1).gather(CLASSES, index).masked_fill(repeated, least).clamp_min(least);
    Tensor logQ = b.logStudent(1).gather(CLASSES, index).masked_fill(repeated, least).clamp_min(least);
    return b.meanOfLabelled(kl(logP, logQ).clamp_min(new Scalar(0.0)));
  }
}

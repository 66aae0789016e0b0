package dev.temper.benchmarks;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.SoftValue;
import java.util.OptionalDouble;
import org.bytedeco.pytorch.CrossEntropyLossOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.bytedeco.pytorch.kNone;

/** Every divergence and option as operators of PyTorch, whose gradient is autograd's. */
final class TorchFamily {

  private static final int CLASSES = 1;
  private static final long[] OVER_CLASSES = {CLASSES};
  /** In place of -inf, because autograd makes NaN of {@code 0 * inf}; its exponential is exactly 0. */
  private static final double ABSENT = -1e30;

  private final DistillationLoss loss;
  private final Tensor temperatures;

  /** A loss with temperatures [rows, 1] of the student, and of the teacher unless the loss has one for it. */
  TorchFamily(DistillationLoss loss, Tensor temperatures) {
    this.loss = loss;
    this.temperatures = temperatures;
  }

  /** The soft loss of each row, [rows], from logits [rows, classes] and labels [rows]. */
  Tensor soft(Tensor student, Tensor teacher, Tensor labels) {
    Tensor z = prepared(student, loss.softcap());
    Tensor u = prepared(teacher, loss.teacherSoftcap());
    if (loss.divergence() instanceof Divergence.LogitMse) {
      return sum(z.sub(u).square()).div(new Scalar((double) z.size(CLASSES)));
    }
    Tensor s = z.div(temperatures);
    OptionalDouble ofTeacher = loss.teacherTemperature();
    Tensor t = ofTeacher.isPresent() ? u.div(new Scalar(ofTeacher.getAsDouble())) : u.div(temperatures);
    Tensor logQ = torch.log_softmax(s, CLASSES);
    Tensor logP = torch.log_softmax(t, CLASSES);
    Tensor distance = loss.divergence() instanceof Divergence.Dkd(double a, double b)
        ? decoupled(a, b, s, t, labels) : divergence(logP, logQ);
    if (loss.softValue() == SoftValue.CROSS_ENTROPY) {
      distance = sum(logP.exp().mul(logQ)).neg();
    }
    return loss.temperatureScaling() ? distance.mul(temperatures.square().squeeze(CLASSES)) : distance;
  }

  /** The hard loss of each row, [rows]. */
  Tensor hard(Tensor student, Tensor labels) {
    Tensor z = capped(student, loss.softcap());
    CrossEntropyLossOptions options = new CrossEntropyLossOptions();
    options.label_smoothing().put(loss.labelSmoothing());
    options.reduction().put(new kNone());
    Tensor lse = torch.logsumexp(z, OVER_CLASSES);
    return torch.cross_entropy(z, labels, options).add(lse.square().mul(new Scalar(loss.zLoss())));
  }

  private Tensor divergence(Tensor logP, Tensor logQ) {
    return switch (loss.divergence()) {
      case Divergence.ForwardKl() -> kl(logP, logQ);
      case Divergence.ReverseKl() -> kl(logQ, logP);
      case Divergence.Mixed(double lambda) ->
          kl(logP, logQ).mul(new Scalar(lambda)).add(kl(logQ, logP).mul(new Scalar(1 - lambda)));
      case Divergence.JensenShannon(double beta) -> {
        Tensor logM = mixture(beta, logP, logQ);
        yield kl(logP, logM).mul(new Scalar(beta)).add(kl(logQ, logM).mul(new Scalar(1 - beta)));
      }
      case Divergence.SkewForwardKl(double skew) -> kl(logP, mixture(skew, logP, logQ));
      case Divergence.SkewReverseKl(double skew) -> kl(logQ, mixture(1 - skew, logP, logQ));
      case Divergence.TotalVariation() -> sum(logP.exp().sub(logQ.exp()).abs()).mul(new Scalar(0.5));
      case Divergence.NegativeLogAcceptance() -> torch.logsumexp(torch.minimum(logP, logQ), OVER_CLASSES).neg();
      case Divergence.Dkd(double _, double _), Divergence.LogitMse() ->
          throw new IllegalStateException(loss.divergence().label() + " is no function of two distributions");
    };
  }

  /** {@code a KL((p_y, 1 - p_y), (q_y, 1 - q_y)) + b KL(p', q')}; p' and q' have no class y. */
  private static Tensor decoupled(double a, double b, Tensor s, Tensor t, Tensor labels) {
    Tensor isLabel = torch.one_hot(labels, s.size(CLASSES)).to(ScalarType.Bool);
    Tensor restOfS = s.masked_fill(isLabel, new Scalar(ABSENT));
    Tensor restOfT = t.masked_fill(isLabel, new Scalar(ABSENT));
    Tensor within = kl(torch.log_softmax(restOfT, CLASSES), torch.log_softmax(restOfS, CLASSES));
    Tensor index = labels.unsqueeze(CLASSES);
    Tensor lseOfS = torch.logsumexp(s, OVER_CLASSES);
    Tensor lseOfT = torch.logsumexp(t, OVER_CLASSES);
    Tensor label = term(t.gather(CLASSES, index).squeeze(CLASSES).sub(lseOfT),
        s.gather(CLASSES, index).squeeze(CLASSES).sub(lseOfS));
    Tensor rest = term(torch.logsumexp(restOfT, OVER_CLASSES).sub(lseOfT),
        torch.logsumexp(restOfS, OVER_CLASSES).sub(lseOfS));
    return label.add(rest).mul(new Scalar(a)).add(within.mul(new Scalar(b)));
  }

  private static Tensor kl(Tensor logP, Tensor logQ) {
    return sum(term(logP, logQ));
  }

  /** {@code p (log p - log q)}. */
  private static Tensor term(Tensor logP, Tensor logQ) {
    return logP.exp().mul(logP.sub(logQ));
  }

  /** {@code log(share p + (1 - share) q)}. */
  private static Tensor mixture(double share, Tensor logP, Tensor logQ) {
    return torch.logaddexp(logP.add(new Scalar(Math.log(share))), logQ.add(new Scalar(Math.log(1 - share))));
  }

  private Tensor prepared(Tensor logits, OptionalDouble cap) {
    Tensor x = capped(logits, cap);
    if (!loss.standardise()) {
      return x;
    }
    Tensor centred = x.sub(x.mean(OVER_CLASSES, true, new ScalarTypeOptional()));
    return centred.div(x.std(OVER_CLASSES, true, true).add(new Scalar(1e-7)));
  }

  private static Tensor capped(Tensor logits, OptionalDouble cap) {
    if (cap.isEmpty()) {
      return logits;
    }
    Scalar c = new Scalar(cap.getAsDouble());
    return torch.tanh(logits.div(c)).mul(c);
  }

  private static Tensor sum(Tensor terms) {
    return terms.sum(OVER_CLASSES);
  }
}

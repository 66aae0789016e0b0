"""The same losses by other libraries, the peers.

The constructor of a peer throws if the library is absent; the exception is the reason. function(loss) returns a
function of (student, teacher, labels) whose result is the mean loss; autograd gives the gradient. A library may be
an installed package or sources on PYTHONPATH.
"""

import importlib
import os
import sys

import torch
import torch.nn.functional as F

from exact import TEMPERATURE


class Unsupported(Exception):
    """The peer does not have the loss."""


class Peer:
    """Base class of the peers. `destroys_student`: whether the loss overwrites the student's logits."""

    destroys_student = False

    def scaled(self, function, scale):
        """The function times a number, so that gradients do not underflow in 16 bits."""
        return lambda z, u, y: scale * function(z, u, y)


class Eager(Peer):
    """The formula as most training code has it: PyTorch operators, in the dtype of the logits."""

    name = "TorchEager"

    def version(self):
        return torch.__version__

    def function(self, loss):
        return {"forward-kl+ce": _distillation, "ce": _cross_entropy, "jsd:0.5": _jensen_shannon}[loss]


class EagerFloat(Eager):
    """The same formula after an upcast to float32, which avoids the rounding errors of 16-bit dtypes."""

    name = "TorchEagerFloat32"

    def function(self, loss):
        inner = super().function(loss)
        return lambda z, u, y: inner(z.float(), u.float(), y)


class Compiled(EagerFloat):
    """torch.compile of the formula with the upcast. The compiler fuses the upcast with the other operators."""

    name = "TorchCompile"
    mode = "default"

    def __init__(self):
        if not hasattr(torch, "compile"):
            raise ImportError("PyTorch " + torch.__version__ + " has no torch.compile")

    def function(self, loss):
        torch._dynamo.reset()  # each shape is compiled separately; this resets the count of recompilations
        return torch.compile(super().function(loss), mode=self.mode, dynamic=False)


class CompiledMaxAutotune(Compiled):
    """The same in the mode that tunes every kernel. It compiles for minutes and runs on the first shapes only."""

    name = "TorchCompileMaxAutotune"
    mode = "max-autotune"


class Liger(Peer):
    """Liger-Kernel.

    Its KL divergence takes log-probabilities and probabilities, its Jensen-Shannon divergence log-probabilities, its
    cross-entropy logits. For the two divergences PyTorch computes the softmax and its gradient.
    """

    name = "Liger"
    destroys_student = True  # its cross-entropy overwrites the logits with the gradient

    def __init__(self):
        losses = importlib.import_module("liger_kernel.transformers")
        self.kl = losses.LigerKLDIVLoss(reduction="batchmean")
        self._cross_entropy = losses.LigerCrossEntropyLoss()
        self.jsd = losses.LigerJSD(beta=0.5)

    def version(self):
        return _version("liger_kernel")

    def function(self, loss):
        return {"forward-kl+ce": self._distillation, "ce": self.cross_entropy, "jsd:0.5": self._jensen_shannon}[loss]

    def cross_entropy(self, z, u, y):
        # Liger computes the gradient if the tensor requires it, even under no_grad().
        return self._cross_entropy(z if torch.is_grad_enabled() else z.detach(), y)

    def _distillation(self, z, u, y):
        soft = self.kl(F.log_softmax(z / TEMPERATURE, 1), F.softmax(u / TEMPERATURE, 1))
        return 0.5 * TEMPERATURE**2 * soft + 0.5 * self.cross_entropy(z, u, y)

    def _jensen_shannon(self, z, u, y):
        return TEMPERATURE**2 * self.jsd(F.log_softmax(z / TEMPERATURE, 1), F.log_softmax(u / TEMPERATURE, 1))


class Immediate(Peer):
    """Kernels of loss and gradient in one pass. They need the upstream gradient, `scale`, beforehand."""

    scale = 1.0

    def scaled(self, function, scale):
        def run(z, u, y):
            self.scale = scale
            try:
                return scale * function(z, u, y)
            finally:
                self.scale = 1.0

        return run


class FastLlm(Immediate):
    """Fast-LLM's Triton kernels.

    They scale both tensors by 1/T, multiply the gradient but not the loss by grad_output, and add to a given gradient.
    """

    name = "FastLLM"

    def __init__(self):
        if sys.version_info < (3, 12):
            raise ImportError("it needs Python 3.12, this is %d.%d" % sys.version_info[:2])
        if not importlib.import_module("fast_llm.functional.triton").triton_available:
            raise ImportError("its Triton finds no CUDA device")
        config = importlib.import_module("fast_llm.functional.config")
        self.formats, self.types = config.TargetFormat, config.EntropyLossType
        kernels = importlib.import_module("fast_llm.functional.triton.entropy_loss")
        self.run = kernels.triton_entropy_loss_forward_backward

    def version(self):
        return _version("fast_llm")

    def function(self, loss):
        if loss == "jsd:0.5":
            raise Unsupported("it has no Jensen-Shannon divergence")
        return self._distillation if loss == "forward-kl+ce" else self._hard

    def _loss(self, z, target, weight, **options):
        """The weighted loss and its gradient. The gradient is None under no_grad()."""
        gradient = weight * self.scale if torch.is_grad_enabled() else None
        value, _, gradient = self.run(z.detach(), target, None, grad_output=gradient, **options)
        return weight * value, gradient

    def _labels(self, z, y, weight, **options):
        return self._loss(z, y, weight, target_format=self.formats.labels,
                          entropy_loss_type=self.types.cross_entropy, **options)

    def _hard(self, z, u, y):
        return _WithGradient.apply(z, *self._labels(z, y, 1.0))

    def _distillation(self, z, u, y):
        soft, gradient = self._loss(z, u, 0.5 * TEMPERATURE**2, logits_scale_factor=1 / TEMPERATURE,
                                    target_format=self.formats.logits, entropy_loss_type=self.types.forward_kl)
        hard, gradient = self._labels(z, y, 0.5, grad_logits=gradient)
        return _WithGradient.apply(z, soft + hard, gradient)


class Quack(Peer):
    """QuACK's cross-entropy through its public function."""

    name = "QuACK"

    def __init__(self):
        self.quack = importlib.import_module("quack.cross_entropy")

    def version(self):
        return _version("quack")

    def function(self, loss):
        if loss != "ce":
            raise Unsupported("it has the cross-entropy alone")
        return self._cross_entropy

    def _cross_entropy(self, z, u, y):
        return self.quack.cross_entropy(z, y)


class QuackImmediate(Quack, Immediate):
    """QuACK's kernel of loss and gradient in one pass. The gradient is that of the sum; the caller divides it."""

    name = "QuACKOnePass"

    def _cross_entropy(self, z, u, y):
        if not torch.is_grad_enabled():
            return super()._cross_entropy(z, u, y)
        losses, gradient = self.quack.cross_entropy_fwd(z.detach(), y, return_dx=True)
        # In the timed runs (scale 1) the gradient stays that of the sum, so that QuACK's time has no extra division.
        return _WithGradient.apply(z, losses.mean(), gradient if self.scale == 1 else gradient * (self.scale / len(y)))


PEERS = {
    "eager": Eager,
    "eager-float32": EagerFloat,
    "compile": Compiled,
    "compile-max-autotune": CompiledMaxAutotune,
    "liger": Liger,
    "fast-llm": FastLlm,
    "quack": Quack,
    "quack-one-pass": QuackImmediate,
}


class _WithGradient(torch.autograd.Function):
    """A loss with a gradient that is already computed. The upstream gradient is ignored."""

    @staticmethod
    def forward(context, student, loss, gradient):
        context.gradient = gradient
        return loss.clone()

    @staticmethod
    def backward(context, upstream):
        return context.gradient, None, None


def _cross_entropy(z, u, y):
    return F.cross_entropy(z, y)


def _distillation(z, u, y):
    soft = F.kl_div(F.log_softmax(z / TEMPERATURE, 1), F.softmax(u / TEMPERATURE, 1), reduction="batchmean")
    return 0.5 * TEMPERATURE**2 * soft + 0.5 * F.cross_entropy(z, y)


def _jensen_shannon(z, u, y):
    log_q, log_p = F.log_softmax(z / TEMPERATURE, 1), F.log_softmax(u / TEMPERATURE, 1)
    log_m = torch.log(0.5 * (log_q.exp() + log_p.exp()))
    from_teacher = F.kl_div(log_m, log_p, reduction="batchmean", log_target=True)
    from_student = F.kl_div(log_m, log_q, reduction="batchmean", log_target=True)
    return TEMPERATURE**2 * 0.5 * (from_teacher + from_student)


def _version(module):
    """The version of the installed package, or the content of the file REVISION among the sources."""
    try:
        from importlib.metadata import packages_distributions, version
        return version(packages_distributions()[module][0])
    except Exception:
        package = importlib.import_module(module)
    revision = os.path.join(package.__path__[0], "REVISION")
    if os.path.exists(revision):
        with open(revision) as file:
            return file.read().strip()
    return getattr(package, "__version__", "unknown")

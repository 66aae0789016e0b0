"""The same losses by other libraries. Each peer is made once, with an ImportError or another exception as the reason why it is
absent, and then gives for a loss a function of (student, teacher, labels) that returns the mean loss; its gradient is autograd's.
"""

import importlib

import torch
import torch.nn.functional as F

from exact import TEMPERATURE


class Unsupported(Exception):
    """This peer has no such loss."""


class Eager:
    """PyTorch's operators one by one, in the dtype of the logits: the formula that most training code holds."""

    name = "TorchEager"
    destroys_student = False
    has_forward = True

    def version(self):
        return torch.__version__

    def function(self, loss):
        return {"forward-kl+ce": _distillation, "ce": _cross_entropy, "jsd:0.5": _jensen_shannon}[loss]


class EagerFloat(Eager):
    """The same after an upcast to float32, as code does that has met the errors of 16 bits."""

    name = "TorchEagerFloat32"

    def function(self, loss):
        inner = super().function(loss)
        return lambda z, u, y: inner(z.float(), u.float(), y)


class Compiled(EagerFloat):
    """torch.compile of the upcast formula: the upcast fuses away, so that this is both right and fast."""

    name = "TorchCompile"
    mode = "default"

    def __init__(self):
        if not hasattr(torch, "compile"):
            raise ImportError("PyTorch " + torch.__version__ + " has no torch.compile")

    def function(self, loss):
        torch._dynamo.reset()  # every shape is compiled for itself, and none of the limit of recompilations
        return torch.compile(super().function(loss), mode=self.mode, dynamic=False)


class CompiledMaxAutotune(Compiled):
    """The same with every variant of every kernel tried: minutes of compiling, so that it runs on the first shapes only."""

    name = "TorchCompileMaxAutotune"
    mode = "max-autotune"


class Liger:
    """Liger-Kernel: its KL divergence and its Jensen-Shannon take log-probabilities, its cross-entropy takes logits."""

    name = "Liger"
    destroys_student = True  # its cross-entropy leaves the gradient where the logits were
    has_forward = False  # its kernels compute the gradient with the loss

    def __init__(self):
        losses = importlib.import_module("liger_kernel.transformers")
        self.kl = losses.LigerKLDIVLoss(reduction="batchmean")
        self.cross_entropy = losses.LigerCrossEntropyLoss()
        self.jsd = losses.LigerJSD(beta=0.5)

    def version(self):
        return _version("liger_kernel")

    def function(self, loss):
        return {"forward-kl+ce": self._distillation, "ce": lambda z, u, y: self.cross_entropy(z, y), "jsd:0.5": self._jensen_shannon}[loss]

    def _distillation(self, z, u, y):
        soft = self.kl(F.log_softmax(z / TEMPERATURE, 1), F.softmax(u / TEMPERATURE, 1))
        return 0.5 * TEMPERATURE**2 * soft + 0.5 * self.cross_entropy(z, y)

    def _jensen_shannon(self, z, u, y):
        return TEMPERATURE**2 * self.jsd(F.log_softmax(z / TEMPERATURE, 1), F.log_softmax(u / TEMPERATURE, 1))


class FastLlm:
    """Fast-LLM's Triton kernels, each of which computes loss and gradient at once."""

    name = "FastLLM"
    destroys_student = False
    has_forward = False

    def __init__(self):
        config = importlib.import_module("fast_llm.functional.config")
        triton = importlib.import_module("fast_llm.functional.triton.entropy_loss")
        self.formats, self.types = config.TargetFormat, config.EntropyLossType
        self.run = triton.triton_entropy_loss_forward_backward

    def version(self):
        return _version("fast_llm")

    def function(self, loss):
        if loss == "jsd:0.5":
            raise Unsupported("it has no Jensen-Shannon divergence")
        return self._distillation if loss == "forward-kl+ce" else lambda z, u, y: _WithGradient.apply(z, *self._cross_entropy(z, y, 1.0))

    def _cross_entropy(self, z, y, weight):
        loss, gradient = self.run(z.detach(), y, None, weight, 1.0, self.formats.labels, self.types.cross_entropy)
        return weight * loss, gradient

    def _distillation(self, z, u, y):
        weight = 0.5 * TEMPERATURE**2
        soft, gradient = self.run(z.detach(), u, None, weight, 1 / TEMPERATURE, self.formats.logits, self.types.forward_kl)
        hard, more = self._cross_entropy(z, y, 0.5)
        return _WithGradient.apply(z, weight * soft + hard, gradient.add_(more))


class Quack:
    """QuACK's cross-entropy."""

    name = "QuACK"
    destroys_student = False
    has_forward = True

    def __init__(self):
        self.cross_entropy = importlib.import_module("quack.cross_entropy").cross_entropy

    def version(self):
        return _version("quack")

    def function(self, loss):
        if loss != "ce":
            raise Unsupported("it has the cross-entropy alone")
        return lambda z, u, y: self.cross_entropy(z, y)


PEERS = {
    "eager": Eager,
    "eager-float32": EagerFloat,
    "compile": Compiled,
    "compile-max-autotune": CompiledMaxAutotune,
    "liger": Liger,
    "fast-llm": FastLlm,
    "quack": Quack,
}


class _WithGradient(torch.autograd.Function):
    """A loss whose gradient is there already."""

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
    divergence = 0.5 * (F.kl_div(log_m, log_p, reduction="batchmean", log_target=True) + F.kl_div(log_m, log_q, reduction="batchmean", log_target=True))
    return TEMPERATURE**2 * divergence


def _version(module):
    try:
        from importlib.metadata import packages_distributions, version
        return version(packages_distributions()[module][0])
    except Exception:
        return "unknown"

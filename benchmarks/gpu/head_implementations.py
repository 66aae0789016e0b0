"""Losses of hidden states with a linear head by other libraries, the peers.

function(loss) returns a function of (hidden, weight, teacher_hidden, teacher_weight, labels) whose result is the mean
loss; autograd gives the gradients with respect to `hidden` and `weight`.
"""

import importlib

import torch
import torch.nn.functional as F

import implementations
from exact import TEMPERATURE


class Eager:
    """All logits by two products, then the formula with PyTorch operators, in the dtype of the logits."""

    name = "TorchEager"
    losses = implementations.Eager

    def version(self):
        return torch.__version__

    def function(self, loss):
        inner = self.losses().function(loss)

        def run(hidden, weight, teacher_hidden, teacher_weight, labels):
            with torch.no_grad():
                teacher = F.linear(teacher_hidden, teacher_weight)
            return inner(F.linear(hidden, weight), teacher, labels)

        return run


class EagerFloat(Eager):
    """The same after an upcast of the logits to float32."""

    name = "TorchEagerFloat32"
    losses = implementations.EagerFloat


class LigerFusedJsd:
    """Liger-Kernel's fused_linear_jsd: chunks of rows with a Triton kernel. It has no cross-entropy and no T^2."""

    name = "LigerFusedLinearJSD"

    def __init__(self):
        losses = importlib.import_module("liger_kernel.transformers")
        self.jsd = losses.LigerFusedLinearJSD(jsd_beta=0.5, temperature=TEMPERATURE)

    def version(self):
        return implementations._version("liger_kernel")

    def function(self, loss):
        if loss != "jsd:0.5":
            raise implementations.Unsupported("it has the Jensen-Shannon divergence alone")
        return lambda *tensors: TEMPERATURE**2 * self.jsd(*tensors)


class LigerChunked:
    """Liger-Kernel's chunked distillation loss: chunks of 1,024 rows, each by torch.compile and torch.func."""

    name = "LigerChunkedJSD"

    def __init__(self):
        self.chunked = importlib.import_module("liger_kernel.chunked_loss").LigerFusedLinearJSDLoss

    def version(self):
        return implementations._version("liger_kernel")

    def function(self, loss):
        weights = {"forward-kl+ce": (0.5, 0.5 * TEMPERATURE**2, 0.0), "jsd:0.5": (0.0, TEMPERATURE**2, 0.5)}
        hard, soft, beta = weights[loss]
        return self.chunked(weight_hard_loss=hard, weight_soft_loss=soft, beta=beta, temperature=TEMPERATURE,
                            compiled=torch.cuda.is_available())


PEERS = {"eager": Eager, "eager-float32": EagerFloat, "liger": LigerFusedJsd, "liger-chunked": LigerChunked}

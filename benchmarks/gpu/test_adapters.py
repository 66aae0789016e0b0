"""Tests of the adapters over stand-ins, which have the libraries' signatures and compute with PyTorch.

Run with python3 -m unittest test_adapters. peers.py checks the libraries themselves: it compares every peer with
float64 before it is timed.
"""

import enum
import sys
import types
import unittest
from unittest import mock

import torch
import torch.nn.functional as F

import batch
import exact
import implementations


class Format(enum.Enum):
    labels, logits = range(2)


class Type(enum.Enum):
    cross_entropy, forward_kl = range(2)


def fast_llm(logits, target, loss_mask, grad_logits=None, grad_output=None, group=None, logits_scale_factor=1.0,
             temperature=1.0, target_format=Format.labels, entropy_loss_type=Type.cross_entropy, z=None,
             block_size=None, num_warps=None, divisor=None):
    """Returns the loss, the z-loss, and the gradient plus the given gradient."""
    assert loss_mask is None and z is None and not logits.requires_grad
    with torch.enable_grad():
        leaf = logits.clone().requires_grad_()
        if target_format == Format.labels:
            loss = F.cross_entropy(leaf * logits_scale_factor, target)
        else:
            assert entropy_loss_type == Type.forward_kl
            log_p = F.log_softmax(target * (logits_scale_factor / temperature), 1)
            loss = F.kl_div(F.log_softmax(leaf * logits_scale_factor, 1), log_p, reduction="batchmean", log_target=True)
        if grad_output is not None:
            (loss * grad_output).backward()
            grad_logits = leaf.grad if grad_logits is None else grad_logits.add_(leaf.grad)
    return loss.detach(), None, grad_logits


def quack_forward(x, target, target_logit=None, weight=None, ignore_index=-100, return_lse=False, return_dx=False,
                  inplace_backward=False):
    """Returns the row losses and the gradient of their sum."""
    assert return_dx and not x.requires_grad
    return F.cross_entropy(x, target, reduction="none"), torch.softmax(x, 1) - F.one_hot(target, x.shape[1])


def module(name, **content):
    made = types.ModuleType(name)
    made.__dict__.update(content)
    return made


MODULES = {
    "fast_llm.functional.triton": module("triton", triton_available=True),
    "fast_llm.functional.config": module("config", TargetFormat=Format, EntropyLossType=Type),
    "fast_llm.functional.triton.entropy_loss": module("entropy_loss", triton_entropy_loss_forward_backward=fast_llm),
    "quack.cross_entropy": module("cross_entropy", cross_entropy=F.cross_entropy, cross_entropy_fwd=quack_forward),
}


@mock.patch.dict(sys.modules, MODULES)
@mock.patch.object(implementations, "sys", types.SimpleNamespace(version_info=(3, 12)))
class TheAdapters(unittest.TestCase):
    def check(self, peer, losses):
        for loss in losses:
            one = batch.Batch(0, 6, 50, torch.float64, "cpu")
            function = peer.function(loss)
            truth = exact.Exact(loss, one, [0, 3, 5])
            value = peer.scaled(function, exact.scale(6))(one.student, one.teacher, one.labels)
            value.backward()
            self.assertLess(max(truth.gradient_errors(one.student.grad[[0, 3, 5]])), 1e-12, loss)
            self.assertLess(truth.total_error(value.item() / exact.scale(6)), 1e-12, loss)
            with torch.no_grad():
                self.assertLess(truth.total_error(function(one.student, one.teacher, one.labels).item()), 1e-12, loss)

    def test_fast_llm_adds_its_second_gradient_to_the_first(self):
        self.check(implementations.FastLlm(), ["forward-kl+ce", "ce"])

    def test_fast_llm_without_a_gpu_is_absent(self):
        with mock.patch.object(MODULES["fast_llm.functional.triton"], "triton_available", False):
            self.assertRaisesRegex(ImportError, "finds no CUDA device", implementations.FastLlm)

    def test_quack_in_two_passes_and_in_one(self):
        self.check(implementations.Quack(), ["ce"])
        self.check(implementations.QuackImmediate(), ["ce"])

    def test_a_missing_loss_is_unsupported(self):
        self.assertRaises(implementations.Unsupported, implementations.FastLlm().function, "jsd:0.5")
        self.assertRaises(implementations.Unsupported, implementations.QuackImmediate().function, "forward-kl+ce")


class AnOldPython(unittest.TestCase):
    def test_fast_llm_is_absent(self):
        with mock.patch.object(implementations, "sys", types.SimpleNamespace(version_info=(3, 11))):
            self.assertRaisesRegex(ImportError, "needs Python 3.12, this is 3.11", implementations.FastLlm)


if __name__ == "__main__":
    unittest.main()

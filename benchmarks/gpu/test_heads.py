"""Tests of the heads of peers.py. Run with python3 -m unittest test_heads; needs PyTorch, no GPU.

Stand-ins for Liger-Kernel have its signatures and compute with PyTorch.
"""

import contextlib
import io
import json
import os
import sys
import tempfile
import unittest
from unittest import mock

import torch
import torch.nn.functional as F

import exact
import head_implementations
import heads
import peers
import results
from test_adapters import module


class FusedLinearJsd:
    def __init__(self, jsd_beta=0.5, ignore_index=-100, temperature=1.0, accum_dtype=None):
        self.beta, self.temperature = jsd_beta, temperature

    def __call__(self, student_input, student_weight, teacher_input, teacher_weight, shift_labels):
        z, u = student_input @ student_weight.T, teacher_input @ teacher_weight.T
        return jsd(z / self.temperature, u / self.temperature, self.beta)


class ChunkedJsd:
    def __init__(self, weight_hard_loss=0.5, weight_soft_loss=0.5, beta=0.5, ignore_index=-100, temperature=1.0,
                 compiled=True, chunk_size=1024, return_soft_hard_loss=False):
        self.weights, self.beta, self.temperature = (weight_hard_loss, weight_soft_loss), beta, temperature
        assert compiled == torch.cuda.is_available()

    def __call__(self, student_input, student_weight, teacher_input, teacher_weight, true_labels, student_bias=None,
                 teacher_bias=None):
        z, u = student_input @ student_weight.T, teacher_input @ teacher_weight.T
        soft = jsd(z / self.temperature, u / self.temperature, self.beta)
        return self.weights[0] * F.cross_entropy(z, true_labels) + self.weights[1] * soft


def jsd(z, u, beta):
    """The generalised divergence of Liger-Kernel, whose beta of 0 is the forward KL."""
    log_q, log_p = F.log_softmax(z, 1), F.log_softmax(u, 1)
    if beta == 0:
        return F.kl_div(log_q, log_p, reduction="batchmean", log_target=True)
    log_m = torch.log(beta * log_p.exp() + (1 - beta) * log_q.exp())
    return beta * F.kl_div(log_m, log_p, reduction="batchmean", log_target=True) + (1 - beta) * F.kl_div(
        log_m, log_q, reduction="batchmean", log_target=True)


LIGER = {
    "liger_kernel": module("liger_kernel", __path__=["sources"], __version__="0"),
    "liger_kernel.transformers": module("transformers", LigerFusedLinearJSD=FusedLinearJsd),
    "liger_kernel.chunked_loss": module("chunked_loss", LigerFusedLinearJSDLoss=ChunkedJsd),
}


class TheHeads(unittest.TestCase):
    def test_sizes_are_read(self):
        self.assertEqual(heads.parse("8x2/4x10,8x4x10"), [("8x2/4x10", (8, 2, 4, 10)), ("8x4x10", (8, 4, 4, 10))])
        self.assertRaises(ValueError, heads.parse, "8x0x10")
        self.assertRaises(ValueError, heads.parse, "8x10")

    def test_scales_are_those_of_temper(self):
        self.assertEqual([heads.scale(n) for n in (1, 7, 4096, 3584)], [1, 0.5, 1 / 64, 1 / 64])

    def test_every_peer_has_the_gradients_of_float64(self):
        for loss in heads.LOSSES:
            one = heads.HeadBatch((6, 8, 12, 40), torch.float64, "cpu")
            truth = heads.Exact(loss, one.tensors(), [0, 5], [3, 39])
            with mock.patch.dict(sys.modules, LIGER):
                found = [peer() for peer in head_implementations.PEERS.values()]
            for peer in found:
                if isinstance(peer, head_implementations.EagerFloat):
                    continue  # rounds to float32
                if loss != "jsd:0.5" and isinstance(peer, head_implementations.LigerFusedJsd):
                    self.assertRaises(Exception, peer.function, loss)
                    continue
                value = peer.function(loss)(*one.tensors())
                value.backward()
                errors = truth.errors(one.hidden.grad[[0, 5]], truth.hidden)
                errors += truth.errors(one.weight.grad[[3, 39]], truth.weight) + [truth.total_error(value.item())]
                self.assertLess(max(errors), 1e-12, peer.name + " " + loss)
                one.forget_gradients()

    def test_a_run_checks_and_times_every_head(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()), \
                contextlib.redirect_stderr(io.StringIO()), mock.patch.dict(sys.modules, LIGER):
            path = os.path.join(folder, "peers.json")
            status = peers.main(["--device", "cpu", "--quick", "--shapes", "3x10", "--dtype", "f32", "--heads",
                                 "6x8/12x40,5x16x30", "--peers", "eager,liger-chunked", "--results", path])
            with open(path) as file:
                content = json.load(file)
        self.assertEqual(status, 0, content["notes"])
        self.assertEqual(content["unfinished"], 0)
        timed = [entry for entry in content["entries"] if entry["benchmark"].endswith(".head")]
        self.assertEqual(len(timed), 2 * 2 * 2, "losses, heads, peers")
        self.assertEqual(timed[0]["parameters"], dict(head="6x8/12x40", dtype="F32", loss="forward-kl+ce",
                                                      temperature=str(exact.TEMPERATURE)))

    def test_an_absent_library_is_noted_with_its_use(self):
        file = mock.Mock(content={"versions": {}})
        with mock.patch.dict(sys.modules, {"liger_kernel": None}):
            found = results.installed(head_implementations.PEERS, ["eager", "quack", "liger"], file, " for heads")
        self.assertEqual([peer.name for peer in found], ["TorchEager"])
        self.assertEqual(file.content["versions"], {"TorchEager": torch.__version__})
        (note,), = (call.args for call in file.note.call_args_list)
        self.assertRegex(note, r"^absent: liger for heads \(ModuleNotFoundError: ")

    def test_shapes_alone_leave_heads_out(self):
        self.assertEqual(peers._options(["--device", "cpu", "--shapes", "3x10"]).heads, [])
        self.assertEqual(len(peers._options(["--device", "cpu"]).heads), 3)


if __name__ == "__main__":
    unittest.main()

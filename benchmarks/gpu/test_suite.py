"""Tests of peers.py. Run with python3 -m unittest test_suite; needs PyTorch, no GPU."""

import contextlib
import io
import json
import os
import tempfile
import unittest

import torch

import batch
import exact
import implementations
import peers


class TheBatches(unittest.TestCase):
    """LogitsTest.java has the same expected values."""

    def test_expected_values(self):
        unit = 2.0**-19
        near = batch.values(0, batch.STUDENT, 0, 4).tolist()
        self.assertEqual(near, [571634 * unit, 1105006 * unit, 1657222 * unit, -100282 * unit])
        far = batch.values(3, batch.TEACHER, 1 << 32, 4).tolist()
        self.assertEqual(far, [-1369935 * unit, 1131501 * unit, -1055649 * unit, 139125 * unit])
        self.assertEqual(batch.labels(1, 4, 128256).tolist(), [35073, 56442, 44298, 120102])

    def test_chunks_make_no_difference(self):
        whole = batch.logits(2, batch.TEACHER, 3, 1000, torch.bfloat16, "cpu").flatten()
        self.assertTrue(torch.equal(whole[2500:], batch.values(2, batch.TEACHER, 2500, 500).bfloat16()))

    def test_they_are_nearly_normal(self):
        student = batch.values(0, batch.STUDENT, 0, 100000)
        self.assertAlmostEqual(student.std().item(), 2.02, delta=0.02)
        self.assertAlmostEqual(student.mean().item(), 0, delta=0.02)
        self.assertEqual((student == 0).sum().item(), 0)


class TheExactLosses(unittest.TestCase):
    def test_gradients_are_those_of_autograd(self):
        for loss in exact.LOSSES:
            one = batch.Batch(0, 6, 50, torch.float64, "cpu")
            value = implementations.Eager().function(loss)(one.student, one.teacher, one.labels)
            (value * exact.scale(6)).backward()
            truth = exact.Exact(loss, one, [0, 3, 5])
            self.assertLess(max(truth.gradient_errors(one.student.grad[[0, 3, 5]])), 1e-12, loss)
            self.assertLess(truth.total_error(value.item()), 1e-12, loss)


class Wrong(implementations.Eager):
    """Lacks the factor T^2, a common mistake."""

    name = "Wrong"

    def function(self, loss):
        inner = super().function(loss)
        return lambda z, u, y: inner(z, u, y) / exact.TEMPERATURE**2


class Failing(implementations.Eager):
    name = "Failing"

    def function(self, loss):
        raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")


class TheRun(unittest.TestCase):
    def run_with(self, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "peers.json")
            options = ["--device", "cpu", "--quick", "--shapes", "5x10,3x1000", "--results", path, *arguments]
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                status = peers.main(options)
            with open(path) as file:
                return status, json.load(file)

    def test_every_loss_is_checked_and_timed(self):
        status, content = self.run_with("--peers", "eager,eager-float32", "--dtype", "f32,bf16")
        self.assertEqual(status, 0, content["notes"])
        self.assertEqual(content["unfinished"], 0)
        timed = [entry for entry in content["entries"] if entry["unit"] == "ms"]
        self.assertEqual(len(timed), 2 * 2 * 2 * 3 * 2, "peers, dtypes, shapes, losses, passes")
        for entry in content["entries"]:
            self.assertGreater(entry["time"]["samples"], 0)

    def test_a_wrong_peer_is_reported_and_not_timed(self):
        implementations.PEERS["wrong"], implementations.PEERS["failing"] = Wrong, Failing
        try:
            status, content = self.run_with("--peers", "wrong,failing", "--dtype", "f32")
        finally:
            del implementations.PEERS["wrong"], implementations.PEERS["failing"]
        self.assertEqual(status, 1)
        self.assertFalse([entry for entry in content["entries"] if entry["unit"] == "ms"])
        self.assertTrue(any("Wrong is WRONG on 5x10 f32 ce" in note for note in content["notes"]), content["notes"])
        self.assertTrue(any("out of memory" in note for note in content["notes"]), content["notes"])

    def test_a_library_that_does_not_import_is_absent(self):
        status, content = self.run_with("--peers", "eager,quack", "--dtype", "f32")
        absent = [note for note in content["notes"] if note.startswith("absent: quack")]
        try:
            import quack  # noqa: F401
        except ImportError:
            self.assertEqual(len(absent), 1)
            self.assertEqual(status, 0)

    def test_a_budget_ends_the_run_early(self):
        status, content = self.run_with("--peers", "eager", "--budget", "0")
        self.assertEqual(status, 0)
        self.assertGreater(content["unfinished"], 0)


if __name__ == "__main__":
    unittest.main()

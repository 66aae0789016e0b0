#!/usr/bin/env python3
"""Temper's losses by other libraries, on the same tensors: checked against float64, then timed.

Needs PyTorch. Every other library is optional; the result file lists an absent one with the reason. README.md in this
folder describes the options.
"""

import argparse
import itertools
import os
import sys
import time

try:
    import torch
except ImportError as e:
    sys.exit("peers.py: needs PyTorch (%s); run it with a python3 that has torch" % e)

import batch
import exact
import head_implementations
import heads
import implementations
import measuring
import results

SHAPES = "8192x32000,4096x128256,4096x50304,2048x151936,2048x262144,16384x1000,65536x10"
DTYPES = "bf16,f32,f16"
# Limits of the relative error. A larger error means another loss: rounding in the dtype gives far smaller errors.
LIMITS = {"f32": 1e-3, "bf16": 0.1, "f16": 0.1}
MAX_AUTOTUNE_SHAPES = 2


class Run:
    """One run over losses, dtypes, shapes and peers."""

    def __init__(self, options, machine, peers, file):
        self.options, self.machine, self.peers, self.file = options, machine, peers, file
        self.end = time.monotonic() + options.budget
        self.steps = [
            (loss, dtype, shape, peer)
            for loss, dtype, shape in itertools.product(exact.LOSSES, options.dtype, options.shapes)
            for peer in peers
            if self._wanted(loss, shape, peer)
        ]
        self.done = 0
        self.more = 0  # steps of another kind that follow
        self.failed = False

    def _wanted(self, loss, shape, peer):
        if isinstance(peer, implementations.CompiledMaxAutotune):
            return loss == exact.LOSSES[0] and shape in self.options.shapes[:MAX_AUTOTUNE_SHAPES]
        return True

    def stopped(self):
        return time.monotonic() > self.end

    def missing(self):
        return len(self.steps) + self.more - self.done

    def all(self):
        for (loss, dtype, shape), group in itertools.groupby(self.steps, key=lambda step: step[:3]):
            if self.stopped():
                return
            peers = [step[3] for step in group]
            try:
                self._batch(loss, dtype, shape, peers)
            except RuntimeError as e:
                self.done += len(peers)
                self.file.note("%dx%d %s %s: %s" % (*shape, dtype, loss, results.reason(e)))
            self.machine.forget()
            self.file.write(self.missing())

    def _batch(self, loss, dtype, shape, peers):
        parameters = dict(shape="%dx%d" % shape, dtype=dtype.upper(), loss=loss)
        if loss != "ce":
            parameters["temperature"] = str(exact.TEMPERATURE)
        batches = batch.ring(*shape, results.DTYPES[dtype.upper()], self.machine.device, self.machine.cache_bytes)
        rows = sample(shape[0])
        truth = exact.Exact(loss, batches[0], rows)
        self._ours(loss, dtype, shape, parameters, truth)
        for peer in peers:
            if self.stopped():
                return
            print("%s %s %s %s" % (peer.name, parameters["shape"], dtype, loss), file=sys.stderr)
            try:
                self._peer(peer, loss, dtype, parameters, batches, rows, truth)
            except implementations.Unsupported as e:
                self.file.note("%s has no %s: %s" % (peer.name, loss, e))
            except Exception as e:  # an error of another library must not end the run
                self.file.note("%s does not run %s on %s %s: %s"
                               % (peer.name, loss, parameters["shape"], dtype, results.reason(e)))
            self.done += 1
            self.machine.forget()
            self.file.write(self.missing())

    def _ours(self, loss, dtype, shape, parameters, truth):
        """Compares Temper's outputs with float64. This also shows that both sides have the same tensors."""
        if not self.options.ours:
            return
        name = "%dx%d-%s-%s.safetensors" % (*shape, dtype.upper(), loss.replace(":", "-"))
        path = os.path.join(self.options.ours, name)
        if not os.path.exists(path):
            self.file.note("no outputs of Temper in " + name + ": only the peers were compared with float64")
            return
        ours = results.read_safetensors(path)
        found = ours["gradient_rows"].tolist(), ours["gradient_scale"].item()
        expected = sample(shape[0]), exact.scale(shape[0])
        if found != expected:
            raise RuntimeError("%s has the gradient's rows and scale %s, expected %s" % (path, found, expected))
        gradient, total = truth.gradient_errors(ours["gradient"]), truth.total_error(ours["totals"][0].item())
        self._errors("Temper", parameters, gradient, total)
        row_errors = truth.row_errors(loss, ours["row_soft"], ours["row_hard"])
        self.error("RowLossError.Temper", parameters, row_errors)
        if not _right(gradient, total, dtype):
            self.failed = True
            self.file.note("Temper is WRONG on %s: gradient off by %.3g, total by %.3g" % (name, max(gradient), total))

    def _errors(self, who, parameters, gradient, total):
        self.error("GradientError." + who, parameters, gradient)
        self.file.entry("TotalError." + who, parameters, "relative", measuring.spread([total]), {})

    def error(self, benchmark, parameters, errors):
        self.file.entry(benchmark, parameters, "relative", measuring.spread(errors), {"worst": max(errors)})

    def _peer(self, peer, loss, dtype, parameters, batches, rows, truth):
        function = peer.function(loss)
        pristine = [b.student.detach().clone() for b in batches] if peer.destroys_student else None
        next_batch = itertools.cycle(range(len(batches)))
        state = {"now": 0}

        def restore():
            state["now"] = next(next_batch)
            if pristine:
                batches[state["now"]].student.data.copy_(pristine[state["now"]])

        def step():
            b = batches[state["now"]]
            function(b.student, b.teacher, b.labels).backward()
            b.student.grad = None

        def forward():
            b = batches[state["now"]]
            with torch.no_grad():
                function(b.student, b.teacher, b.labels)

        try:
            first = batches[0]
            scale = exact.scale(len(first.labels))
            value = peer.scaled(function, scale)(first.student, first.teacher, first.labels)
            value.backward()
            gradient, total = truth.gradient_errors(first.student.grad[rows]), truth.total_error(value.item() / scale)
            first.student.grad = None
            self._errors(peer.name, parameters, gradient, total)
            if not _right(gradient, total, dtype):
                self.failed = True
                self.file.note("%s is WRONG on %s %s %s and was not timed: gradient off by %.3g, total by %.3g"
                               % (peer.name, parameters["shape"], dtype, loss, max(gradient), total))
                return
            matrix_bytes = first.student.numel() * first.student.element_size()
            matrices = 1 if loss == "ce" else 2
            restore()
            peak = self.machine.peak_bytes(step)
            self.time(peer.name + ".forwardBackward", parameters, step, restore, len(batches),
                       (matrices + 1) * matrix_bytes, None if peak is None else max(0, peak - matrix_bytes))
            restore()
            self.time(peer.name + ".forward", parameters, forward, restore, len(batches), matrices * matrix_bytes,
                       self.machine.peak_bytes(forward))
        finally:
            for b, copy in zip(batches, pristine or []):
                b.student.data.copy_(copy)

    def time(self, benchmark, parameters, step, restore, batches, least_bytes, peak_bytes):
        seconds, at_least = (0.02, 2) if self.options.quick else (0.3, 10)
        samples, _ = measuring.repeat(
            lambda: self.machine.milliseconds(step, restore), seconds, at_least, 500, self.stopped)
        also = {"batches": batches, "leastBytes": least_bytes, "peakBytes": peak_bytes}
        self.file.entry(benchmark, parameters, "ms", measuring.spread(samples), also)


def sample(rows):
    """The rows of the gradient that are compared: up to four, from the first to the last."""
    count = min(rows, 4)
    return [0] if count == 1 else [i * (rows - 1) // (count - 1) for i in range(count)]


def _right(gradient, total, dtype):
    return all(error <= LIMITS[dtype] for error in gradient) and total <= LIMITS[dtype]  # false for NaN


def _options(arguments):
    def names(known):
        def read(text):
            chosen = text.lower().split(",")
            for name in chosen:
                if name not in known:
                    raise argparse.ArgumentTypeError("unknown '%s'; known: %s" % (name, ", ".join(known)))
            return chosen
        return read

    def shapes(text):
        try:
            read = [tuple(int(number) for number in shape.split("x")) for shape in text.split(",")]
            if all(len(shape) == 2 and min(shape) > 0 for shape in read):
                return read
        except ValueError:
            pass
        raise argparse.ArgumentTypeError("'%s': expected ROWSxCLASSES,..., such as 4096x32000" % text)

    def head_sizes(text):
        try:
            return [] if text == "none" else heads.parse(text)
        except ValueError:
            raise argparse.ArgumentTypeError("'%s': expected ROWSxFEATURESxCLASSES,..." % text)

    parser = argparse.ArgumentParser(prog="peers.py", description=__doc__.split("\n")[0])
    parser.add_argument("--ours", metavar="DIR", help="the folder of temper bench --outputs")
    parser.add_argument("--results", metavar="FILE", help="JSON file, written after every step")
    parser.add_argument("--device", choices=["cuda", "cpu"], help="default: cuda if PyTorch sees one")
    known = list(dict.fromkeys([*implementations.PEERS, *head_implementations.PEERS]))
    parser.add_argument("--shapes", type=shapes, metavar="ROWSxCLASSES,...")
    parser.add_argument("--heads", type=head_sizes, metavar="ROWSxFEATURESxCLASSES,...",
                        help="linear heads, with FEATURES or STUDENT/TEACHER features; none: no heads (default: three"
                             " large ones; none with --shapes)")
    parser.add_argument("--dtype", type=names(list(LIMITS)), metavar="DTYPE,...")
    parser.add_argument("--peers", type=names(known), default=known, metavar="NAME,...")
    parser.add_argument("--budget", type=float, default=float("inf"), metavar="SECONDS",
                        help="end the run after this time; the result file says how many steps are missing")
    parser.add_argument("--quick", action="store_true", help="a few samples each")
    options = parser.parse_args(arguments)
    if options.heads is None:
        options.heads = [] if options.shapes else heads.parse(heads.HEADS)
    options.shapes = options.shapes or shapes(SHAPES)
    options.head_dtype = options.dtype or ["bf16"]
    options.dtype = options.dtype or DTYPES.split(",")
    options.device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: PyTorch sees no CUDA device; --device cpu is a dry run")
    return options


def main(arguments=None):
    options = _options(arguments)
    machine = measuring.Cuda() if options.device == "cuda" else measuring.Host()
    copy_rate = machine.copy_rate(0.05 if options.quick else 0.3)
    versions = {"python": sys.version.split()[0], "torch": torch.__version__}
    file = results.ResultFile(options.results, machine, copy_rate, versions)
    peers = results.installed(implementations.PEERS, options.peers, file, "")
    of_heads = results.installed(head_implementations.PEERS, options.peers if options.heads else [], file, " for heads")
    run = Run(options, machine, peers, file)
    head_run = heads.HeadRun(run, of_heads, sample, LIMITS)
    run.more = len(head_run.steps)
    try:
        head_run.all()
        run.all()
    except KeyboardInterrupt:
        file.note("interrupted")
        run.failed = True
    file.write(run.missing())
    print("%d of %d steps done, copy rate %.1f GB/s on %s"
          % (run.done, run.done + run.missing(), copy_rate, options.device))
    for entry in file.content["entries"]:
        parameters = " ".join(entry["parameters"].values())
        print("%-36s %-70s %10.4g %s" % (entry["benchmark"], parameters, entry["time"]["median"], entry["unit"]))
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())

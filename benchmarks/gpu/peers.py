#!/usr/bin/env python3
"""Temper's losses by other libraries, on the same tensors: checked against float64 and against Temper, then timed.

Needs PyTorch; every other library is used if it imports, and listed as absent with the reason if not. README.md beside this file
says how it is called.
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
import implementations
import measuring
import results

SHAPES = "8192x32000,4096x128256,4096x50304,2048x151936,2048x262144,16384x1000,65536x10"
DTYPES = "bf16,f32,f16"
# Beyond these a peer computes something else; what it computes in its dtype's rounding is far below, and reported.
LIMITS = {"f32": 1e-3, "bf16": 0.1, "f16": 0.1}
MAX_AUTOTUNE_SHAPES = 2


class Run:
    """One pass over losses, dtypes, shapes and peers."""

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
        self.failed = False

    def _wanted(self, loss, shape, peer):
        if isinstance(peer, implementations.CompiledMaxAutotune):
            return loss == exact.LOSSES[0] and shape in self.options.shapes[:MAX_AUTOTUNE_SHAPES]
        return True

    def stopped(self):
        return time.monotonic() > self.end

    def all(self):
        for (loss, dtype, shape), group in itertools.groupby(self.steps, key=lambda step: step[:3]):
            if self.stopped():
                return
            peers = [step[3] for step in group]
            try:
                self._batch(loss, dtype, shape, peers)
            except RuntimeError as e:
                self.done += len(peers)
                self.file.note("%dx%d %s %s: %s" % (*shape, dtype, loss, _reason(e)))
            self.machine.forget()
            self.file.write(len(self.steps) - self.done)

    def _batch(self, loss, dtype, shape, peers):
        place = dict(shape="%dx%d" % shape, dtype=dtype.upper(), loss=loss)
        if loss != "ce":
            place["temperature"] = str(exact.TEMPERATURE)
        batches = batch.ring(*shape, results.DTYPES[dtype.upper()], self.machine.device, self.machine.cache_bytes)
        rows = sample(shape[0])
        truth = exact.Exact(loss, batches[0], rows)
        self._ours(loss, dtype, shape, place, truth)
        for peer in peers:
            if self.stopped():
                return
            print("%s %s %s %s" % (peer.name, place["shape"], dtype, loss), file=sys.stderr)
            try:
                self._peer(peer, loss, dtype, place, batches, rows, truth)
            except implementations.Unsupported as e:
                self.file.note("%s has no %s: %s" % (peer.name, loss, e))
            except Exception as e:  # whatever another library throws is its result
                self.file.note("%s does not run %s on %s %s: %s" % (peer.name, loss, place["shape"], dtype, _reason(e)))
            self.done += 1
            self.machine.forget()
            self.file.write(len(self.steps) - self.done)

    def _ours(self, loss, dtype, shape, place, truth):
        """Temper's outputs against float64: that they are right, and that both sides have the same tensors."""
        if not self.options.ours:
            return
        name = "%dx%d-%s-%s.safetensors" % (*shape, dtype.upper(), loss.replace(":", "-"))
        path = os.path.join(self.options.ours, name)
        if not os.path.exists(path):
            self.file.note("Temper left no " + name + ": peers were compared with float64 alone")
            return
        ours = results.read_safetensors(path)
        found, expected = (ours["gradient_rows"].tolist(), ours["gradient_scale"].item()), (sample(shape[0]), exact.scale(shape[0]))
        if found != expected:
            raise RuntimeError("%s holds rows and scale of the gradient %s, expected %s" % (path, found, expected))
        gradient, total = truth.gradient_errors(ours["gradient"]), truth.total_error(ours["totals"][0].item())
        self._errors("Temper", place, gradient, total)
        row_errors = truth.row_errors(loss, ours["row_soft"], ours["row_hard"])
        self.file.entry("RowLossError.Temper", place, "relative", measuring.spread(row_errors), {"worst": max(row_errors)})
        if not _right(gradient, total, dtype):
            self.failed = True
            self.file.note("Temper is WRONG on %s: gradient off by %.3g, total by %.3g" % (name, max(gradient), total))

    def _errors(self, who, place, gradient, total):
        self.file.entry("GradientError." + who, place, "relative", measuring.spread(gradient), {"worst": max(gradient)})
        self.file.entry("TotalError." + who, place, "relative", measuring.spread([total]), {})

    def _peer(self, peer, loss, dtype, place, batches, rows, truth):
        function = peer.function(loss)
        pristine = [b.student.detach().clone() for b in batches] if peer.destroys_student else None
        turn = itertools.cycle(range(len(batches)))
        state = {"now": 0}

        def restore():
            state["now"] = next(turn)
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
            self._errors(peer.name, place, gradient, total)
            if not _right(gradient, total, dtype):
                self.failed = True
                self.file.note("%s is WRONG on %s %s %s and was not timed: gradient off by %.3g, total by %.3g"
                               % (peer.name, place["shape"], dtype, loss, max(gradient), total))
                return
            matrix_bytes = first.student.numel() * first.student.element_size()
            matrices = 1 if loss == "ce" else 2
            restore()
            peak = self.machine.peak_bytes(step)
            self._time(peer.name + ".forwardBackward", place, step, restore, len(batches), (matrices + 1) * matrix_bytes,
                       None if peak is None else max(0, peak - matrix_bytes))
            restore()
            self._time(peer.name + ".forward", place, forward, restore, len(batches), matrices * matrix_bytes, self.machine.peak_bytes(forward))
        finally:
            for b, copy in zip(batches, pristine or []):
                b.student.data.copy_(copy)

    def _time(self, benchmark, place, step, restore, batches, least_bytes, peak_bytes):
        seconds, at_least = (0.02, 2) if self.options.quick else (0.3, 10)
        samples, _ = measuring.repeat(lambda: self.machine.milliseconds(step, restore), seconds, at_least, 500, self.stopped)
        self.file.entry(benchmark, place, "ms", measuring.spread(samples), {"batches": batches, "leastBytes": least_bytes, "peakBytes": peak_bytes})


def sample(rows):
    """Rows of the gradient that are compared: up to four, from the first to the last."""
    count = min(rows, 4)
    return [0] if count == 1 else [i * (rows - 1) // (count - 1) for i in range(count)]


def _right(gradient, total, dtype):
    return all(error <= LIMITS[dtype] for error in gradient) and total <= LIMITS[dtype]  # NaN is not


def _reason(e):
    text = str(e).strip().split("\n")[0]
    return "out of memory" if "out of memory" in text.lower() else "%s: %s" % (type(e).__name__, text)


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

    parser = argparse.ArgumentParser(prog="peers.py", description=__doc__.split("\n")[0])
    parser.add_argument("--ours", metavar="DIR", help="what temper bench --outputs DIR wrote")
    parser.add_argument("--results", metavar="FILE", help="JSON file, written after every step")
    parser.add_argument("--device", choices=["cuda", "cpu"], help="default: cuda if PyTorch sees one")
    parser.add_argument("--shapes", type=shapes, default=shapes(SHAPES), metavar="ROWSxCLASSES,...")
    parser.add_argument("--dtype", type=names(list(LIMITS)), default=DTYPES.split(","), metavar="DTYPE,...")
    parser.add_argument("--peers", type=names(list(implementations.PEERS)), default=list(implementations.PEERS), metavar="NAME,...")
    parser.add_argument("--budget", type=float, default=float("inf"), metavar="SECONDS", help="stop then, with what there is")
    parser.add_argument("--quick", action="store_true", help="a few samples each")
    options = parser.parse_args(arguments)
    options.device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: PyTorch sees no CUDA device; --device cpu is a dry run")
    return options


def main(arguments=None):
    options = _options(arguments)
    machine = measuring.Cuda() if options.device == "cuda" else measuring.Host()
    copy_rate = machine.copy_rate(0.05 if options.quick else 0.3)
    file = results.ResultFile(options.results, machine, copy_rate, {"python": sys.version.split()[0], "torch": torch.__version__})
    peers = []
    for name in options.peers:
        try:
            peer = implementations.PEERS[name]()
            file.content["versions"][peer.name] = peer.version()
            peers.append(peer)
        except Exception as e:  # what keeps a library from being imported is its own affair
            file.note("absent: %s (%s)" % (name, _reason(e)))
    run = Run(options, machine, peers, file)
    try:
        run.all()
    except KeyboardInterrupt:
        file.note("interrupted")
        run.failed = True
    missing = len(run.steps) - run.done
    file.write(missing)
    print("%d of %d steps done, copy rate %.1f GB/s on %s" % (run.done, len(run.steps), copy_rate, options.device))
    for entry in file.content["entries"]:
        print("%-36s %-70s %10.4g %s" % (entry["benchmark"], " ".join(entry["parameters"].values()), entry["time"]["median"], entry["unit"]))
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Losses of hidden states with a linear head: the tensors of Temper's benchmark, float64, and the runs of all peers."""

import itertools
import math
import sys

import torch

import batch
import exact
import implementations
import results

HEADS = "8192x4096x128256,8192x2048/4096x128256,4096x3584x151936"
LOSSES = ("forward-kl+ce", "jsd:0.5")
HIDDEN, WEIGHT = 0, 1  # numbers of the batches that give hidden states and weights
BYTES_AT_ONCE = 1 << 30


def parse(text):
    """Heads from ROWSxFEATURESxCLASSES,... or ROWSxSTUDENT/TEACHERxCLASSES,..., as temper bench --heads reads them."""
    heads = []
    for head in text.split(","):
        rows, widths, classes = head.split("x")
        student, _, teacher = widths.partition("/")
        sizes = int(rows), int(student), int(teacher or student), int(classes)
        if min(sizes) < 1:
            raise ValueError("sizes of a head are 1 or more")
        heads.append((head.strip(), sizes))
    return heads


def scale(features):
    """The power of two near 1 / sqrt(features) by which weights are multiplied."""
    return 2.0 ** -math.floor(math.log(features) / math.log(4) + 0.5)


def _matrix(number, stream, rows, columns, factor, dtype, device):
    matrix = torch.empty(rows * columns, dtype=dtype, device=device)
    for first in range(0, matrix.numel(), batch.CHUNK):
        count = min(batch.CHUNK, matrix.numel() - first)
        matrix[first : first + count] = (batch.values(number, stream, first, count, device) * factor).to(dtype)
    return matrix.view(rows, columns)


class HeadBatch:
    """Hidden states and weights of both models, and labels."""

    def __init__(self, sizes, dtype, device):
        rows, student, teacher, classes = sizes
        self.hidden = _matrix(HIDDEN, batch.STUDENT, rows, student, 0.5, dtype, device).requires_grad_()
        self.weight = _matrix(WEIGHT, batch.STUDENT, classes, student, scale(student), dtype, device).requires_grad_()
        self.teacher_hidden = _matrix(HIDDEN, batch.TEACHER, rows, teacher, 0.5, dtype, device)
        self.teacher_weight = _matrix(WEIGHT, batch.TEACHER, classes, teacher, scale(teacher), dtype, device)
        self.labels = batch.labels(HIDDEN, rows, classes, device)

    def tensors(self):
        return self.hidden, self.weight, self.teacher_hidden, self.teacher_weight, self.labels

    def forget_gradients(self):
        self.hidden.grad = self.weight.grad = None


class Exact:
    """The mean loss in float64, and some rows of both gradients."""

    def __init__(self, loss, tensors, rows, classes):
        hidden, weight, teacher_hidden, teacher_weight, labels = tensors
        count = len(labels)
        soft_weight, hard_weight = exact.weights(loss)
        total, hidden_rows = 0.0, {}
        weight_rows = torch.zeros(len(classes), weight.shape[1], dtype=torch.float64, device=weight.device)
        with torch.no_grad():
            w, v = weight.double(), teacher_weight.double()
            step = max(1, BYTES_AT_ONCE // (weight.shape[0] * 8 * 8))
            for first in range(0, count, step):
                part = slice(first, first + step)
                h = hidden[part].double()
                z, u, y = h @ w.T, teacher_hidden[part].double() @ v.T, labels[part]
                soft, hard = exact.row_losses(loss, z, u, y)
                total += (soft_weight * soft + hard_weight * hard).sum().item()
                gradient = exact.gradient(loss, z, u, y) / count
                weight_rows += gradient[:, classes].T @ h
                for row in rows:
                    if first <= row < first + step:
                        hidden_rows[row] = gradient[row - first] @ w
        self.rows, self.classes, self.total = rows, classes, total / count
        self.hidden = torch.stack([hidden_rows[row] for row in rows])
        self.weight = weight_rows

    def total_error(self, total):
        return abs(total - self.total) / abs(self.total)

    @staticmethod
    def errors(found, expected):
        """The relative error of each row: length of the difference over length of the row."""
        return ((found.double() - expected).norm(dim=1) / expected.norm(dim=1)).tolist()


class HeadRun:
    """The heads of a run of peers.py, which measures, checks and writes results."""

    def __init__(self, run, peers, sample, limits):
        self.run, self.peers, self.sample, self.limits = run, peers, sample, limits
        options = run.options
        self.steps = list(itertools.product(LOSSES, options.heads, options.head_dtype, peers))

    def all(self):
        for (loss, (name, sizes), dtype), group in itertools.groupby(self.steps, key=lambda step: step[:3]):
            peers = [step[3] for step in group]
            if self.run.stopped():
                return
            parameters = dict(head=name, dtype=dtype.upper(), loss=loss, temperature=str(exact.TEMPERATURE))
            try:
                one = HeadBatch(sizes, results.DTYPES[dtype.upper()], self.run.machine.device)
                truth = Exact(loss, one.tensors(), self.sample(sizes[0]), self.sample(sizes[3]))
            except RuntimeError as e:
                self.run.done += len(peers)
                self.run.file.note("head %s %s %s: %s" % (name, dtype, loss, results.reason(e)))
                continue
            for peer in peers:
                if not self.run.stopped():
                    self._measure(peer, loss, one, truth, dtype, parameters)
            del one, truth

    def _measure(self, peer, loss, one, truth, dtype, parameters):
        print("%s head %s %s %s" % (peer.name, parameters["head"], dtype, loss), file=sys.stderr)
        try:
            self._peer(peer, loss, one, truth, dtype, parameters)
        except implementations.Unsupported as e:
            self.run.file.note("%s has no %s: %s" % (peer.name, loss, e))
        except Exception as e:  # an error of another library must not end the run
            self.run.file.note("%s does not run %s on head %s %s: %s"
                               % (peer.name, loss, parameters["head"], dtype, results.reason(e)))
        one.forget_gradients()
        self.run.done += 1
        self.run.machine.forget()
        self.run.file.write(self.run.missing())

    def _peer(self, peer, loss, one, truth, dtype, parameters):
        function = peer.function(loss)
        # Gradients of a mean over many rows underflow in float16, so that the compared ones are scaled.
        factor = exact.scale(len(one.labels))
        value = factor * function(*one.tensors())
        value.backward()
        hidden = Exact.errors(one.hidden.grad[truth.rows] / factor, truth.hidden)
        weight = Exact.errors(one.weight.grad[truth.classes] / factor, truth.weight)
        total = truth.total_error(value.item() / factor)
        one.forget_gradients()
        self.run.error("HiddenGradientError." + peer.name, parameters, hidden)
        self.run.error("WeightGradientError." + peer.name, parameters, weight)
        self.run.error("TotalError." + peer.name, parameters, [total])
        errors = hidden + weight + [total]
        if not all(error <= self.limits[dtype] for error in errors):  # also if one is NaN
            self.run.failed = True
            self.run.file.note("%s is WRONG on head %s %s %s and was not timed: off by %.3g"
                               % (peer.name, parameters["head"], dtype, loss, max(errors)))
            return

        def step():
            function(*one.tensors()).backward()
            one.forget_gradients()

        gradients = sum(t.numel() * t.element_size() for t in (one.hidden, one.weight))
        peak = self.run.machine.peak_bytes(step)
        self.run.time(peer.name + ".head", parameters, step, None, 1, None,
                      None if peak is None else max(0, peak - gradients))

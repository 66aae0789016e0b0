"""Batches that are equal, bit for bit, to those of Temper's benchmark (dev.temper.tools.bench.GeneratedLogits).

A logit is a sum of four 16-bit integers from one hash, doubled and centred, times a small factor and 2^-19. It is exact
in float32 and rounded to nearest, ties to even, in bfloat16 and float16. 64-bit integers overflow as in Java.
"""

import torch

STUDENT, TEACHER, LABELS = 0, 1, 2
FACTORS = {STUDENT: 14, TEACHER: 21}
STREAMS = 4
CENTRE = 4 * 0xFFFF - 1
GOLDEN = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1
CHUNK = 1 << 24  # elements per step; the hash needs several times the memory of the logits


def _signed(value):
    """The signed 64-bit integer with the bits of an unsigned one. PyTorch has signed integers only."""
    value &= MASK
    return value - (1 << 64) if value >> 63 else value


def _shift(value, bits):
    """Logical right shift. PyTorch's own right shift is arithmetic."""
    return (value >> bits) & ((1 << (64 - bits)) - 1)


def _mix(value):
    """The finaliser of SplitMix64, for a tensor or an unsigned integer."""
    if isinstance(value, int):
        value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) & MASK
        value = ((value ^ value >> 27) * 0x94D049BB133111EB) & MASK
        return value ^ value >> 31
    value = (value ^ _shift(value, 30)) * _signed(0xBF58476D1CE4E5B9)
    value = (value ^ _shift(value, 27)) * _signed(0x94D049BB133111EB)
    return value ^ _shift(value, 31)


def _hash(batch, stream, first, count, device):
    base = _mix(GOLDEN * (batch * STREAMS + stream + 1) & MASK)
    index = torch.arange(first + 1, first + count + 1, dtype=torch.int64, device=device)
    return _mix(index * _signed(GOLDEN) + _signed(base))


def values(batch, stream, first, count, device="cpu"):
    """The logits first, first + 1, ... of a matrix in row-major order, [count] float32."""
    bits = _hash(batch, stream, first, count, device)
    total = (bits & 0xFFFF) + (_shift(bits, 16) & 0xFFFF) + (_shift(bits, 32) & 0xFFFF) + _shift(bits, 48)
    return ((2 * total - CENTRE) * FACTORS[stream]).to(torch.float32) * 2.0**-19


def logits(batch, stream, rows, classes, dtype, device):
    """A matrix of logits, [rows, classes]."""
    matrix = torch.empty(rows * classes, dtype=dtype, device=device)
    for first in range(0, matrix.numel(), CHUNK):
        count = min(CHUNK, matrix.numel() - first)
        matrix[first : first + count] = values(batch, stream, first, count, device).to(dtype)
    return matrix.view(rows, classes)


def labels(batch, rows, classes, device="cpu"):
    """The labels of a batch, [rows] int64."""
    return _shift(_hash(batch, LABELS, 0, rows, device), 33) % classes


class Batch:
    """Student logits, teacher logits and labels of one batch."""

    def __init__(self, number, rows, classes, dtype, device):
        self.student = logits(number, STUDENT, rows, classes, dtype, device).requires_grad_()
        self.teacher = logits(number, TEACHER, rows, classes, dtype, device)
        self.labels = labels(number, rows, classes, device)


def ring(rows, classes, dtype, device, cache_bytes):
    """Batches for cyclic use, 1 to 1,024. Each matrix kind together has twice the size of the cache."""
    matrix_bytes = rows * classes * torch.empty(0, dtype=dtype).element_size()
    count = min(1024, max(1, -(-2 * cache_bytes // matrix_bytes)))
    return [Batch(number, rows, classes, dtype, device) for number in range(count)]

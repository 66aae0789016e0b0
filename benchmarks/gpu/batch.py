"""Batches that Temper's benchmark makes too, bit for bit: dev.temper.bench.Logits says how.

A logit is the sum of four 16-bit integers of one hash, made odd, times a small factor and 2^-19: exact in float32, and in
bfloat16 and float16 the nearest value, ties to even. Integers of 64 bits wrap around in PyTorch as they do in Java.
"""

import torch

STUDENT, TEACHER, LABELS = 0, 1, 2
FACTORS = {STUDENT: 14, TEACHER: 21}
STREAMS = 4
CENTRE = 4 * 0xFFFF - 1
GOLDEN = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1
CHUNK = 1 << 24  # elements made at once: the hash needs several times the memory of its logits


def _signed(value):
    """An unsigned 64-bit integer as the signed one of the same bits, which is what PyTorch has."""
    value &= MASK
    return value - (1 << 64) if value >> 63 else value


def _shift(value, bits):
    """Logical right shift; PyTorch's copies the sign."""
    return (value >> bits) & ((1 << (64 - bits)) - 1)


def _mix(value):
    """Finaliser of SplitMix64, for a tensor or an unsigned integer."""
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
    """Some logits in float32."""
    bits = _hash(batch, stream, first, count, device)
    total = (bits & 0xFFFF) + (_shift(bits, 16) & 0xFFFF) + (_shift(bits, 32) & 0xFFFF) + _shift(bits, 48)
    return ((2 * total - CENTRE) * FACTORS[stream]).to(torch.float32) * 2.0**-19


def logits(batch, stream, rows, classes, dtype, device):
    """A [rows, classes] matrix."""
    matrix = torch.empty(rows * classes, dtype=dtype, device=device)
    for first in range(0, matrix.numel(), CHUNK):
        count = min(CHUNK, matrix.numel() - first)
        matrix[first : first + count] = values(batch, stream, first, count, device).to(dtype)
    return matrix.view(rows, classes)


def labels(batch, rows, classes, device="cpu"):
    """[rows] int64."""
    return _shift(_hash(batch, LABELS, 0, rows, device), 33) % classes


class Batch:
    """Student, teacher and labels of one batch."""

    def __init__(self, number, rows, classes, dtype, device):
        self.student = logits(number, STUDENT, rows, classes, dtype, device).requires_grad_()
        self.teacher = logits(number, TEACHER, rows, classes, dtype, device)
        self.labels = labels(number, rows, classes, device)


def ring(rows, classes, dtype, device, cache_bytes):
    """Batches that together exceed a cache twice, to be used in turn; 1 to 1,024."""
    matrix_bytes = rows * classes * torch.empty(0, dtype=dtype).element_size()
    count = min(1024, max(1, -(-2 * cache_bytes // matrix_bytes)))
    return [Batch(number, rows, classes, dtype, device) for number in range(count)]

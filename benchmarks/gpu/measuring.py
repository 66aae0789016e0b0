"""The time of a peer's steps, measured in the same way as Temper's benchmark does.

On a GPU each step runs by itself between two events. Other work in front of it flushes the L2 cache and keeps the
device busy while the host submits the step. Successive steps use different batches.
"""

import time

import torch


def spread(samples):
    """Median, first and last decile, fastest sample and number of samples, as in Temper's result files."""
    ordered = sorted(samples)

    def quantile(share):
        position = share * (len(ordered) - 1)
        below = int(position)
        above = min(below + 1, len(ordered) - 1)
        return ordered[below] + (position - below) * (ordered[above] - ordered[below])

    return {
        "median": quantile(0.5),
        "low": quantile(0.1),
        "high": quantile(0.9),
        "fastest": ordered[0],
        "samples": len(ordered),
    }


class Cuda:
    """An NVIDIA GPU. Times are those of CUDA events."""

    def __init__(self):
        properties = torch.cuda.get_device_properties(0)
        self.device = "cuda"
        self.cache_bytes = getattr(properties, "L2_cache_size", 0) or 64 << 20
        self.name = properties.name
        self.facts = {
            "name": properties.name,
            "capability": "%d.%d" % (properties.major, properties.minor),
            "multiprocessors": properties.multi_processor_count,
            "memoryBytes": properties.total_memory,
            "cacheBytes": self.cache_bytes,
            "driver": "CUDA " + str(torch.version.cuda),
            "compiler": "PyTorch " + torch.__version__,
        }
        self.flush = torch.rand(self.cache_bytes // 8192 + 1, 8192, device="cuda")  # four times the cache size
        self.start, self.end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)

    def milliseconds(self, step, before=None):
        if before:
            before()
        self.flush.amax(1)
        self.start.record()
        step()
        self.end.record()
        self.end.synchronize()
        return self.start.elapsed_time(self.end)

    def peak_bytes(self, step):
        """Peak memory of a step minus the memory in use before it."""
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        step()
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated() - before

    def copy_rate(self, seconds):
        """The rate of a device copy in GB/s: bytes read plus bytes written."""
        count = 32 * self.cache_bytes // 4
        source, target = torch.rand(count, device="cuda"), torch.empty(count, device="cuda")
        samples, _ = repeat(lambda: self.milliseconds(lambda: target.copy_(source)), seconds, 5, 50, lambda: False)
        return 2 * 4 * count / (spread(samples)["median"] * 1e6)

    def forget(self):
        torch.cuda.empty_cache()


class Host:
    """The processor, for a dry run. Its times have no meaning."""

    def __init__(self):
        self.device, self.cache_bytes, self.facts = "cpu", 64 << 10, None

    def milliseconds(self, step, before=None):
        if before:
            before()
        start = time.perf_counter()
        step()
        return (time.perf_counter() - start) * 1e3

    def peak_bytes(self, step):
        step()
        return None

    def copy_rate(self, seconds):
        source = torch.rand(1 << 22)
        target = torch.empty_like(source)
        samples, _ = repeat(lambda: self.milliseconds(lambda: target.copy_(source)), seconds, 3, 50, lambda: False)
        return 2 * 4 * source.numel() / (spread(samples)["median"] * 1e6)

    def forget(self):
        pass


def repeat(sample, seconds, at_least, at_most, stop):
    """Samples for some seconds, after a warm-up of half the time; and whether `stop` ended them early."""
    warm = time.perf_counter() + seconds / 2
    sample()
    while time.perf_counter() < warm and not stop():
        sample()
    samples = []
    end = time.perf_counter() + seconds
    while len(samples) < at_most and (len(samples) < at_least or time.perf_counter() < end):
        if stop() and samples:
            return samples, True
        samples.append(sample())
    return samples, False

"""Result files in Temper's format, and the tensors that Temper writes for the comparison."""

import json
import os
import platform
import struct
import subprocess
import sys
import time

import torch

DTYPES = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16, "I64": torch.int64}


class ResultFile:
    """All results so far. Each write replaces the file in one step."""

    def __init__(self, path, machine, copy_rate, versions):
        self.path = path
        self.quiet = _Quiet()
        self.content = {
            "group": "gpu-peers" if machine.facts else "cpu-dry-run-of-peers",
            "date": "",
            "commit": _commit(),
            "machine": {
                "processor": _processor(),
                "cores": os.cpu_count(),
                "lastLevelCacheBytes": machine.cache_bytes,
                "system": platform.platform(),
            },
            "device": machine.facts,
            "clocks": {},
            "versions": versions,
            "copyGigabytesPerSecond": copy_rate,
            "unfinished": 0,
            "notes": [] if machine.facts else ["a dry run on the processor with small shapes: times have no meaning"],
            "entries": [],
        }

    def note(self, sentence):
        if sentence not in self.content["notes"]:
            self.content["notes"].append(sentence)
            print("note: " + sentence, file=sys.stderr)

    def entry(self, benchmark, parameters, unit, time_spread, also):
        self.content["entries"].append(
            {
                "benchmark": benchmark,
                "parameters": parameters,
                "unit": unit,
                "time": time_spread,
                "also": {name: value for name, value in also.items() if value is not None},
            }
        )

    def write(self, unfinished):
        self.content["unfinished"] = unfinished
        self.content["date"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.content.update(self.quiet.seen())
        if self.path:
            part = self.path + ".part"
            with open(part, "w") as file:
                json.dump(self.content, file, indent=2)
                file.write("\n")
            os.replace(part, self.path)


class _Quiet:
    """The processor time that other processes and the hypervisor took, from /proc/stat."""

    def __init__(self):
        self.before = self._now()

    def seen(self):
        now = self._now()
        total = now[0] - self.before[0]
        others = max(0.0, (now[1] - self.before[1]) / total) if total > 0 else 0.0
        stolen = (now[2] - self.before[2]) / total if total > 0 else 0.0
        disturbances = []
        if others > 0.1:
            disturbances.append("other processes took %.1f %% of the time" % (100 * others))
        if stolen > 0.02:
            disturbances.append("the hypervisor took %.1f %% of the time" % (100 * stolen))
        quietness = {"spinBefore": "NaN", "spinAfter": "NaN", "stolen": stolen, "others": others}
        return {"quiet": not disturbances, "disturbances": disturbances, "quietness": quietness}

    @staticmethod
    def _now():
        try:
            with open("/proc/stat") as file:
                fields = [int(field) for field in file.readline().split()[1:9]]
        except OSError:
            return 0, 0, 0
        own = os.times()
        ticks = os.sysconf("SC_CLK_TCK") * (own.user + own.system + own.children_user + own.children_system)
        return sum(fields), sum(fields) - fields[3] - fields[4] - fields[7] - ticks, fields[7]


def reason(e):
    """The first line of an exception for a note."""
    text = str(e).strip().split("\n")[0]
    return "out of memory" if "out of memory" in text.lower() else "%s: %s" % (type(e).__name__, text)


def installed(known, names, file, use):
    """The peers of these names that are installed. The result file has their versions, and why others are absent.

    `known` holds the class of each peer by its name, and `use` is what the note of an absent one adds to the name.
    """
    found = []
    for name in names:
        if name not in known:
            continue
        try:
            peer = known[name]()
            file.content["versions"][peer.name] = peer.version()
            found.append(peer)
        except Exception as e:  # any exception means that the library is absent
            file.note("absent: %s%s (%s)" % (name, use, reason(e)))
    return found


def read_safetensors(path):
    """The tensors of a safetensors file by name."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    tensors = {}
    for name, tensor in header.items():
        if name != "__metadata__":
            begin, end = tensor["data_offsets"]
            dtype = DTYPES[tensor["dtype"]]
            count = (end - begin) // _bytes(dtype)
            tensors[name] = torch.frombuffer(data, dtype=dtype, offset=begin, count=count).view(tensor["shape"])
    return tensors


def _bytes(dtype):
    return torch.empty(0, dtype=dtype).element_size()


def _commit():
    named = os.environ.get("TEMPER_COMMIT", "").strip()
    if named:
        return named
    folder = os.path.dirname(os.path.abspath(__file__))
    try:
        command = ["git", "rev-parse", "--short=12", "HEAD"]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _processor():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return "unknown"

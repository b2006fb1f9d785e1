"""Execution of the cases of one file each: one clear line or a result, within 10 s and 1 GB."""

import resource
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from echopilot_core import EchoPilotError
from echopilot_lab.fuzzing.readers.registry import Reader, readers
from echopilot_lab.fuzzing.run import FuzzOutcome, unclear

MAX_CPU_S = 10.0
MAX_MB = 1000.0
_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class FileCase:
    """One damaged file of one reader."""

    number: int
    reader: Reader
    data: bytes


def make_file_case(seed: int, number: int) -> FileCase:
    """The case `number` of `seed`, the same every time; readers take turns."""
    found = readers()
    reader = found[number % len(found)]
    rng = np.random.default_rng([seed, 0xF11E, number])
    return FileCase(number, reader, reader.mutate(rng, reader.data) if rng.random() > 0.03 else reader.data)


def run_file_cases(seed: int, numbers: Iterable[int], folder: Path) -> Iterator[FuzzOutcome]:
    """Run cases one by one, each in a folder of its own below `folder` that is removed again."""
    for number in numbers:
        yield run_file_case(make_file_case(seed, number), folder / "case")


def run_file_case(case: FileCase, home: Path) -> FuzzOutcome:
    """Write the file and those beside it into `home`, read it, remove `home`."""
    for name, data in {**case.reader.beside, case.reader.file: case.data}.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(data)
    refused, fault = False, ""
    before_mb, began_s = _reset_peak_mb(), time.process_time()
    try:
        case.reader.read(home / case.reader.file)
    except EchoPilotError as error:
        refused, fault = True, unclear(str(error))
    except Exception as error:  # what this looks for
        fault = f"{type(error).__name__}: {error}".splitlines()[0]
    spent_s, peak_mb = time.process_time() - began_s, _memory_mb("VmHWM") - before_mb
    shutil.rmtree(home)
    if not fault and spent_s > MAX_CPU_S:
        fault = f"took {spent_s:.1f} s"
    if not fault and peak_mb > MAX_MB:
        fault = f"took {peak_mb:.0f} MB"
    return FuzzOutcome(case.number, case.reader.file, refused, fault, spent_s, case.reader.name, peak_mb)


def limit_memory(megabytes: float = 2.0 * MAX_MB) -> None:
    """Let this process fail rather than the machine when it takes so much more than it has now."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = int((_memory_mb("VmSize") + megabytes) * 1e6)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _reset_peak_mb() -> float:
    """Memory in use [MB]; from here on the peak is counted anew."""
    _CLEAR_REFS.write_text("5")
    return _memory_mb("VmRSS")


def _memory_mb(key: str) -> float:
    for line in _STATUS.read_text().splitlines():
        if line.startswith(key):
            return float(line.split()[1]) * 1024 / 1e6
    return 0.0

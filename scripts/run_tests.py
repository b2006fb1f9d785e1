"""Whole test suite as `make test` runs it: on all cores, then one after the other what needs the machine for itself.

Usage: python scripts/run_tests.py [arguments of pytest]. Tests marked `alone` start graphs or measure time. One summary
and one exit code for both parts; plain `pytest` runs the same tests in one process.
"""

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OK, INTERRUPTED, NO_TESTS = 0, 2, 5  # exit codes of pytest
MAX_WORKERS = 8  # each takes about 1 GB
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
PARTS = {
    "on all cores": ["-m", "not alone", "-n", "auto", "--maxprocesses", str(MAX_WORKERS), "--dist", "loadfile"],
    "alone": ["-m", "alone"],
}


def environment() -> dict[str, str]:
    """One thread per process; compiled modules are kept, else every process would compile them and pytest anew."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | ONE_THREAD


def run_part(options: Sequence[str], arguments: Sequence[str], report: Path) -> int:
    """Run pytest once; its exit code. `report` gets the results in JUnit's format."""
    slowest = ["--durations=20", "--durations-min=2"]
    command = [sys.executable, "-m", "pytest", *options, *slowest, f"--junitxml={report}", *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=environment()) as pytest:
        while True:
            try:
                return pytest.wait()
            except KeyboardInterrupt:  # pytest got it too, and ends by itself
                continue


def outcomes(report: Path) -> tuple[Counter[str], list[str]]:
    """How many tests of a part ended in which way, and the names of those that failed."""
    counts: Counter[str] = Counter()
    failed = []
    for case in ET.parse(report).iter("testcase") if report.is_file() else ():
        kinds = {child.tag for child in case}
        how = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        counts[how] += 1
        if how == "failed":
            failed.append(f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}")
    return counts, failed


def exit_code(codes: Sequence[int]) -> int:
    """Exit code of the whole: the first that is an error; no tests in one part is none while the other has some."""
    bad = [code for code in codes if code not in (OK, NO_TESTS)]
    return bad[0] if bad else OK if OK in codes else NO_TESTS


def minutes(seconds: float) -> str:
    """Time as `3 min 07 s`."""
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"


def main(arguments: Sequence[str]) -> int:
    """Run both parts and say how they ended; the exit code of the whole."""
    codes, took, failed = [], [], []
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for name, options in PARTS.items():
            report = Path(folder) / "report.xml"
            began_s = time.monotonic()
            codes.append(run_part(options, arguments, report))
            took.append((name, time.monotonic() - began_s))
            part_counts, part_failed = outcomes(report)
            counts += part_counts
            failed += part_failed
            report.unlink(missing_ok=True)
            if codes[-1] == INTERRUPTED:
                break
    code = exit_code(codes)
    print("\n".join(["", *(f"FAILED {name}" for name in failed)]))
    said = ", ".join(f"{counts[how]} {how}" for how in ("passed", "failed", "skipped"))
    parts = ", ".join(f"{name} {minutes(spent_s)}" for name, spent_s in took)
    print(f"{counts.total()} tests: {said} in {minutes(sum(s for _, s in took))} ({parts}); exit code {code}")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Kernels are compiled once for each content: wherever it lies, whoever starts together, whatever was damaged."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from echopilot_core.kernels import compiled
from echopilot_core.kernels.folder import KEPT_PER_MODULE, prune
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.compile_hint import COMPILES, compile_hint
from echopilot_sim.simulation import SimConfig, Simulation

pytestmark = pytest.mark.skipif(not compiled.COMPILED, reason="numba is absent")

FACTS = """\"\"\"Facts.\"\"\"
TIMES = {times}
"""
INNER = """from echopilot_core.kernels.compiled import njit

@njit(cache=True)
def inner(x):
    return x + {added}
"""
OUTER = """from echopilot_core.kernels.compiled import njit
from tiny import facts
from tiny.inner import inner

@njit(cache=True)
def outer(x):
    return facts.TIMES * inner(x)
"""
LAZY = """from echopilot_core.lazy import names_on_first_use
__getattr__ = names_on_first_use(__name__, {"facts": ("TIMES",)})
"""
# Prints the result for the types asked for, and how many kernels were compiled for it.
PROGRAM = """import sys
from tiny.outer import inner, outer
from numba.core import event
with event.install_recorder("numba:compile") as compilations:
    results = [outer(float(a) if "." in a else int(a)) for a in sys.argv[1:]]
print(*results, sum(e.is_start for _, e in compilations.buffer))
"""


class Clone:
    """A package of three modules at some place, with a cache that it shares with others."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.package = folder / "tiny"
        self.package.mkdir(parents=True)
        (self.package / "__init__.py").touch()
        self.environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
        self.environment.pop("NUMBA_CACHE_DIR", None)
        self.environment["PYTHONPATH"] = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
        self.write()

    def write(self, times: int = 10, added: int = 1, remark: str = "") -> None:
        """Write the sources; only `remark` stands in a module that no kernel needs."""
        (self.package / "facts.py").write_text(FACTS.format(times=times))
        (self.package / "inner.py").write_text(INNER.format(added=added))
        (self.package / "outer.py").write_text(OUTER)
        (self.package / "other.py").write_text(f'"""{remark}"""\nfrom tiny.outer import outer\n')

    def start(self, *arguments: str, program: str = PROGRAM) -> "subprocess.Popen[str]":
        """Begin to run a program on the package."""
        command = [sys.executable, "-c", program, *arguments]
        return subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, *arguments: str, program: str = PROGRAM) -> str:
        """What it prints: results, and how many kernels were compiled."""
        output, errors = self.start(*(arguments or ("1",)), program=program).communicate(timeout=120)
        return output.strip() or errors


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "first", tmp_path / "cache")


def kept(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache" / "echopilot" / "kernels").glob("*/*"))


def test_the_same_sources_at_another_place_compile_nothing(clone: Clone, tmp_path: Path) -> None:
    assert clone.run() == "20 2"
    assert Clone(tmp_path / "second" / "elsewhere", tmp_path / "cache").run() == "20 0"


def test_a_changed_kernel_and_a_changed_constant_of_another_module_compile_what_stands_on_them(clone: Clone) -> None:
    assert clone.run() == "20 2"
    clone.write(added=2)
    assert clone.run() == "30 2"
    clone.write(times=100, added=2)
    assert clone.run() == "300 1"  # the inner kernel does not know the constant
    clone.write()
    assert clone.run() == "20 0"


def test_what_is_waited_for_is_told_until_it_is_there(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = "from echopilot_sim.compile_hint import compile_hint; print(compile_hint(['tiny.outer', 'tiny.inner']))"
    told = [clone.run(program=ask)]
    clone.run()
    told.append(clone.run(program=ask))
    assert told == [COMPILES, "None"]
    monkeypatch.setenv("ECHOPILOT_NUMBA", "0")
    assert compile_hint() is None


def test_a_constant_of_a_package_whose_names_are_imported_on_first_use_counts(clone: Clone) -> None:
    lazy = clone.package / "lazy"
    lazy.mkdir()
    (lazy / "__init__.py").write_text(LAZY)
    (clone.package / "outer.py").write_text(
        OUTER.replace("from tiny import facts", "from tiny.lazy import TIMES").replace("facts.TIMES", "TIMES")
    )
    (lazy / "facts.py").write_text(FACTS.format(times=10))
    assert [clone.run(), clone.run()] == ["20 2", "20 0"]
    (lazy / "facts.py").write_text(FACTS.format(times=7))
    assert clone.run() == "14 1"


def test_a_module_that_no_kernel_needs_compiles_nothing(clone: Clone) -> None:
    clone.run()
    clone.write(remark="changed")
    assert clone.run() == "20 0"


def test_processes_that_start_together_leave_a_whole_cache(clone: Clone, tmp_path: Path) -> None:
    second = Clone(tmp_path / "second", tmp_path / "cache")
    together = [clone.start("1", "2.0"), second.start("2.0", "1")]
    assert [p.communicate(timeout=120)[0].split()[:2] for p in together] == [["20", "30.0"], ["30.0", "20"]]
    assert clone.run("1", "2.0") == "20 30.0 0"
    assert [file.suffix for file in kept(tmp_path)] == 4 * [".kernel"]


@pytest.mark.parametrize("left", [0, 1000])
def test_a_damaged_file_is_compiled_anew_and_mended(clone: Clone, tmp_path: Path, left: int) -> None:
    clone.run()
    for file in kept(tmp_path):
        file.write_bytes(file.read_bytes()[:left])
    assert [clone.run(), clone.run()] == ["20 2", "20 0"]


def test_versions_used_longest_ago_are_deleted(tmp_path: Path) -> None:
    for age in range(KEPT_PER_MODULE + 3):
        for module in ("tiny.inner", "tiny.inner.most"):
            (tmp_path / f"{module}-{age}").mkdir()
            os.utime(tmp_path / f"{module}-{age}", (1e9 - age, 1e9 - age))
    prune(tmp_path / "tiny.inner-0")
    left = sorted(folder.name for folder in tmp_path.glob("tiny.inner-*"))
    assert left == [f"tiny.inner-{age}" for age in range(KEPT_PER_MODULE)]
    assert len(list(tmp_path.glob("tiny.inner.most-*"))) == KEPT_PER_MODULE + 3


def test_without_a_cache_of_the_user_kernels_are_kept_beside_the_simulator_or_not_at_all(
    clone: Clone, tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("not a folder")
    assert clone.run().split()[0] == "20"


def test_the_folder_asked_for_is_taken(clone: Clone, tmp_path: Path) -> None:
    clone.environment["NUMBA_CACHE_DIR"] = str(tmp_path / "asked")
    assert [clone.run(), clone.run()] == ["20 2", "20 0"]
    assert len(list((tmp_path / "asked" / "echopilot-kernels").iterdir())) == 2
    assert kept(tmp_path) == []


def test_a_source_that_changes_while_the_process_runs_keeps_nothing(clone: Clone, tmp_path: Path) -> None:
    """What it compiles is of the source before, what it would be found by is of the source after."""
    change = f"import tiny.outer, pathlib; pathlib.Path({str(clone.package / 'facts.py')!r}).write_text('TIMES = 7')"
    assert clone.run(program=f"{change}\n{PROGRAM}") == "20 2"
    assert clone.run() == "14 1"  # the inner kernel does not know the constant


def test_after_the_first_picture_there_is_nothing_to_wait_for() -> None:
    simulation = Simulation(sample_patient(0), SimConfig())
    simulation.render(simulation.step(None).acquisitions[0])
    assert compile_hint() is None

"""Properties of the one place that knows numba."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from echopilot_sim import compiled

INNER = """from package.compiled import njit

@njit(cache=True)
def inner(x):
    return x + {}
"""
OUTER = """from package.compiled import njit
from package.inner import inner

@njit(cache=True)
def outer(x):
    return 10 * inner(x)
"""


@pytest.mark.skipif(not compiled.COMPILED, reason="numba is absent")
def test_a_kernel_is_compiled_anew_when_one_that_it_calls_in_another_file_changes(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    shutil.copy(compiled.__file__, package / "compiled.py")
    (package / "outer.py").write_text(OUTER)

    def outcome(added: int) -> str:
        (package / "inner.py").write_text(INNER.format(added))
        program = "from package.outer import outer; print(outer(1), sum(outer.stats.cache_hits.values()))"
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=120
        )
        return done.stdout.strip() or done.stderr

    assert [outcome(1), outcome(1), outcome(2)] == ["20 0", "20 1", "30 0"]
    for changed in range(3, 5):
        outcome(changed)
    assert len(list((package / "__pycache__").glob("kernels-*"))) <= 3


def test_nothing_else_of_the_simulator_imports_numba() -> None:
    root = Path(compiled.__file__).parent
    importers = [p.name for p in root.rglob("*.py") if re.search(r"^\s*(from|import) numba\b", p.read_text(), re.M)]
    assert importers == ["compiled.py"]

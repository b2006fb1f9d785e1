"""Properties of the one door to numba."""

import re
from pathlib import Path

from echopilot_core.kernels import compiled


def test_nothing_else_of_the_simulator_imports_numba() -> None:
    root = Path(compiled.__file__).parents[1]
    importers = {
        str(p.relative_to(root))
        for p in root.rglob("*.py")
        if re.search(r"^\s*(from|import) numba\b", p.read_text(), re.M)
    }
    assert importers == {"kernels/compiled.py", "kernels/cache.py"}

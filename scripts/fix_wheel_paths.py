"""Rewrite the include folders that the ROS 2 wheels bake into their CMake exports to those of this interpreter.

Usage: python fix_wheel_paths.py VENV. Idempotent; only `VENV/share/*/cmake/*.cmake` is touched.
"""

import re
import sys
import sysconfig
from pathlib import Path

import numpy as np

BAKED_PYTHON = re.compile(r"/opt/python/cp3\d+-cp3\d+/include/python3\.\d+")
BAKED_NUMPY = re.compile(r"/opt/python/[^;\"'\s]*/numpy/_core/include")


def rewrite(text: str, python_include: str, numpy_include: str) -> str:
    """Return the CMake text with both baked folders replaced; the rest is kept to the letter."""
    text = BAKED_PYTHON.sub(lambda _: python_include, text)
    return BAKED_NUMPY.sub(lambda _: numpy_include, text)


def rewrite_exports(venv: Path, python_include: str, numpy_include: str) -> int:
    """Rewrite every export below `venv` and return how many files changed."""
    changed = 0
    for path in sorted(venv.glob("share/*/cmake/*.cmake")):
        before = path.read_text(encoding="utf-8")
        after = rewrite(before, python_include, numpy_include)
        if after != before:
            path.write_text(after, encoding="utf-8")
            changed += 1
    return changed


if __name__ == "__main__":
    count = rewrite_exports(Path(sys.argv[1]), sysconfig.get_paths()["include"], np.get_include())
    print(f"include paths rewritten in {count} CMake exports")

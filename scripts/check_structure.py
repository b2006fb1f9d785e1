"""Size of folders and files: few files per folder, few fragments, no file that is too long."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAX_FILES = 15  # Python files in one folder
MAX_LINES = 400
FRAGMENT_LINES = 30
MAX_FRAGMENTS = 0.05  # share of files shorter than that; __init__.py does not count
APART = ("tests/",)  # folders whose number of files is not limited
EXCEPTIONS: dict[str, str] = {}  # folder: why it holds more


def python_files() -> list[str]:
    """Tracked Python files, relative to the root."""
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split() if (ROOT / name).is_file()]


def problems() -> list[str]:
    """One line per folder or file that breaks a rule."""
    files = [name for name in python_files() if not name.startswith(APART)]
    lines = {name: (ROOT / name).read_text(encoding="utf-8").count("\n") for name in files}
    folders = Counter(str(Path(name).parent) for name in files)
    found = [
        f"{folder}: {count} Python files, at most {MAX_FILES}; group them by meaning"
        for folder, count in sorted(folders.items())
        if count > MAX_FILES and folder not in EXCEPTIONS
    ]
    found += [f"{name}: {count} lines, at most {MAX_LINES}" for name, count in lines.items() if count > MAX_LINES]
    modules = {name: count for name, count in lines.items() if not name.endswith("__init__.py")}
    fragments = sorted(name for name, count in modules.items() if count < FRAGMENT_LINES)
    if len(fragments) > MAX_FRAGMENTS * len(modules):
        found.append(
            f"{len(fragments)} of {len(modules)} files are shorter than {FRAGMENT_LINES} lines, at most "
            f"{MAX_FRAGMENTS:.0%}; merge where they belong: {', '.join(fragments)}"
        )
    return found


def main() -> int:
    """Print the problems; 0 when there are none."""
    found = problems()
    print("\n".join(found) or "folders and files have the agreed sizes")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

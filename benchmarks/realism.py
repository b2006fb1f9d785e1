"""Compare rendered with real pictures: `python benchmarks/realism.py [--data DIR] [--out DIR] [--json FILE]`.

Prints one table with both columns per measure; `--out` writes side-by-side pictures, `--json` all numbers.
"""

import argparse
import json
import sys
from pathlib import Path

import cv2
from rich.console import Console

from echopilot_core import EchoPilotError
from echopilot_lab.realism import DEFAULT_SEEDS, as_json, compare, print_table

DEFAULT_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def main() -> int:
    """Run the comparison; returns the exit status."""
    parser = argparse.ArgumentParser(description="Compare rendered with real ultrasound pictures.")
    parser.add_argument(
        "--data", type=Path, default=DEFAULT_DATA, help="folder with ultrasound/ (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, help="folder for side-by-side pictures (JPEG and PNG)")
    parser.add_argument("--json", type=Path, help="file for all numbers")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(DEFAULT_SEEDS), help="virtual patients to render")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    progress = Console(stderr=True)
    seeds = tuple(given.seeds)
    try:
        results = compare(given.data, seeds, given.out, lambda line: progress.print(line, style="dim"))
    except EchoPilotError as error:
        progress.print(f"realism: {error}", style="red", soft_wrap=True)
        return 2
    print_table(results, Console())
    if given.json is not None:
        given.json.write_text(json.dumps(as_json(results, seeds), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

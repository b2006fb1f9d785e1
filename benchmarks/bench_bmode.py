"""Print the B-mode timings as JSON: `python benchmarks/bench_bmode.py [SCATTERERS]`, 0 to leave PyMUST out."""

import json
import sys

from rich.console import Console

from echopilot_lab.bench_bmode import bench_bmode
from echopilot_lab.bench_pymust import SCATTERERS

if __name__ == "__main__":
    count = int(sys.argv[1]) if sys.argv[1:] else SCATTERERS
    print(json.dumps(bench_bmode(Console(stderr=True), scatterers=count), indent=2))

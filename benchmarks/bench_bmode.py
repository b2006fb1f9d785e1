"""Print the B-mode timings as JSON: `python benchmarks/bench_bmode.py [full|fast]`."""

import json
import sys
from dataclasses import asdict

from echopilot_sim.bmode.bench import run

if __name__ == "__main__":
    print(json.dumps(asdict(run(quality="fast" if "fast" in sys.argv[1:] else "full")), indent=2))

"""Makes exam_world and suspicion_items importable under the importlib mode."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

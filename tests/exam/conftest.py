"""Makes exam_world importable under the importlib mode."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

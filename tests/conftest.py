"""Makes the helpers of this folder importable by every test below it, and keeps workers apart."""

import os
import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile("busy machine", deadline=None)
settings.load_profile("busy machine")

if worker := os.environ.get("PYTEST_XDIST_WORKER"):  # nodes of two workers must not meet in one ROS domain
    os.environ["ROS_DOMAIN_ID"] = str(1 + (os.getppid() + int(worker.removeprefix("gw"))) % 100)

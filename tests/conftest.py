"""Makes the helpers of this folder importable by every test below it, and keeps workers apart."""

import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile("busy machine", deadline=None)
settings.load_profile("busy machine")

if worker := os.environ.get("PYTEST_XDIST_WORKER"):  # nodes of two workers must not meet in one ROS domain
    os.environ["ROS_DOMAIN_ID"] = str(1 + (os.getppid() + int(worker.removeprefix("gw"))) % 100)


@pytest.fixture(scope="session")
def pypi() -> str:
    """Address of the package index; the test is skipped where it cannot be reached."""
    address = "https://pypi.org/simple"
    try:
        urllib.request.urlopen(f"{address}/packaging/", timeout=10.0).close()
    except (OSError, urllib.error.URLError) as error:
        pytest.skip(f"{address} cannot be reached: {error}")
    return address

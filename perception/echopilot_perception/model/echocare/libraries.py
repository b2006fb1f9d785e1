"""Check of the libraries that EchoCare needs."""

import re
from importlib.metadata import PackageNotFoundError, version

from echopilot_core import EchoPilotError

OLDEST_MONAI = (1, 3, 1)


def require_libraries() -> None:
    """Raise EchoPilotError unless PyTorch, einops and a MONAI that fits the checkpoint are installed."""
    for name in ("torch", "monai", "einops"):
        if _version(name) is None:
            raise EchoPilotError(
                f"EchoCare needs {name}, which is not installed: pip install 'echopilot[train]' "
                "(or pip install torch==2.13.0 'monai>=1.3.1' einops)"
            )
    found = _version("monai") or ""
    if tuple(int(n) for n in re.findall(r"\d+", found)[:3]) < OLDEST_MONAI:
        raise EchoPilotError(
            f"EchoCare needs MONAI 1.3.1 or newer, this is {found}: older ones hard-code 3D convolutions in the "
            "encoder and mismatch the checkpoint's shapes; pip install 'monai>=1.3.1'"
        )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None

"""The file that describes a phantom: wires, rows, where it stands; JSON with millimetres, as people measure it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from echopilot_control.calibration.phantom import Array, NWirePhantom
from echopilot_core import EchoPilotError, se3

KEYS = ("wires_front_back", "n_patterns", "phantom_to_reference")


@dataclass(frozen=True)
class WiresFile:
    """A phantom and its pose `T_reference_phantom` (4, 4), its registration error [m], pixel sizes if it tells them."""

    phantom: NWirePhantom
    T_reference_phantom: Array
    registration_error_m: float | None
    rough_pixel_m: float | None
    earlier_spacing_m: tuple[float, float] | None


def read_wires(path: Path) -> WiresFile:
    """Read `wires_front_back` {name: [front, back]}, `n_patterns` [[left, middle, right]], `phantom_to_reference`."""
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        missing = [key for key in KEYS if key not in told]
        if missing:
            raise EchoPilotError(f"{path.name}: {', '.join(missing)} missing; a wires file holds {', '.join(KEYS)}")
        wires = told["wires_front_back"]
        rows = tuple((str(left), str(middle), str(right)) for left, middle, right in told["n_patterns"])
        ends_m = 1e-3 * np.array([[wires[name] for name in row] for row in rows], dtype=np.float64)
        T = np.array(told["phantom_to_reference"], dtype=np.float64)
        error = _metres(told["phantom_registration_error_mm"]) if "phantom_registration_error_mm" in told else None
        rough_mm = told.get("recommended_segmentation", {}).get("approx_spacing_mm_per_px")
        rough = None if rough_mm is None else _metres(rough_mm)
        earlier = told.get("pixel_spacing_mm_from_an_earlier_calibration")
        spacing = None if earlier is None else (_metres(earlier["x"]), _metres(earlier["y"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as reason:
        raise EchoPilotError(f"{path.name} is not a wires file: {type(reason).__name__} {reason}") from reason
    if not se3.is_rigid(T, 1e-4):
        raise EchoPilotError(f"{path.name}: phantom_to_reference is not a rigid motion (4 x 4)")
    T[:3, 3] *= 1e-3
    return WiresFile(NWirePhantom(rows, ends_m), T, error, rough, spacing)


def _metres(value_mm: Any) -> float:
    if not 0.0 < float(value_mm) < 1e6:
        raise ValueError(f"{value_mm!a} is no length in mm")
    return 1e-3 * float(value_mm)

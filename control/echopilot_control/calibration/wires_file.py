"""Phantom description file: wires, rows and pose of the phantom; JSON in millimeters."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from echopilot_control.calibration.phantom import NWirePhantom
from echopilot_core import Array, EchoPilotError, se3
from echopilot_core.guarded.bounded import one_line
from echopilot_core.guarded.json_input import read_json

MAX_LENGTH_M = 10.0
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
        data: dict[str, Any] = read_json(path)
        missing = [key for key in KEYS if key not in data]
        if missing:
            raise EchoPilotError(f"{path.name}: {', '.join(missing)} missing; a wires file holds {', '.join(KEYS)}")
        wires = data["wires_front_back"]
        rows = tuple((str(left), str(middle), str(right)) for left, middle, right in data["n_patterns"])
        ends_m = 1e-3 * np.array([[wires[name] for name in row] for row in rows], dtype=np.float64)
        T = np.array(data["phantom_to_reference"], dtype=np.float64)
        error = _meters(data["phantom_registration_error_mm"]) if "phantom_registration_error_mm" in data else None
        rough_mm = data.get("recommended_segmentation", {}).get("approx_spacing_mm_per_px")
        rough = None if rough_mm is None else _meters(rough_mm)
        earlier = data.get("pixel_spacing_mm_from_an_earlier_calibration")
        spacing = None if earlier is None else (_meters(earlier["x"]), _meters(earlier["y"]))
        if not np.isfinite(ends_m).all() or np.abs(ends_m).max(initial=0.0) > MAX_LENGTH_M:
            raise ValueError(f"a wire ends farther than {MAX_LENGTH_M:g} m away")
    except EchoPilotError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, IndexError) as reason:
        raise EchoPilotError(
            f"{path.name} is not a wires file: {type(reason).__name__} {one_line(reason, 100)}"
        ) from reason
    if T.shape != (4, 4) or not se3.is_rigid(T, 1e-4):
        raise EchoPilotError(f"{path.name}: phantom_to_reference is not a rigid motion (4 x 4)")
    T[:3, 3] *= 1e-3
    return WiresFile(NWirePhantom(rows, ends_m), T, error, rough, spacing)


def _meters(value_mm: Any) -> float:
    if not 0.0 < float(value_mm) < 1e6:
        raise ValueError(f"{value_mm!a} is no length in mm")
    return 1e-3 * float(value_mm)

"""Window of gray levels that a DICOM object asks to be shown with (PS3.3 C.11.2)."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset


@dataclass(frozen=True)
class GrayWindow:
    """Center and width in output units of the modality transform, and the function between its ends.

    `table` (N,) holds the levels 0 to 255 of a lookup table instead, whose first entry stands for `center`.
    """

    center: float
    width: float
    function: str = "LINEAR"
    table: NDArray[np.uint8] | None = None

    def shown(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """Levels 0 to 255 of values (H, W)."""
        x = values.astype(np.float32)
        if self.table is not None:
            index = np.clip(np.rint(x - self.center), 0, len(self.table) - 1).astype(np.int64)
            return np.asarray(self.table[index])
        if self.function == "SIGMOID":
            level = 1.0 / (1.0 + np.exp(-4.0 * (x - self.center) / self.width))
        elif self.function == "LINEAR_EXACT":
            level = (x - self.center) / self.width + 0.5
        elif self.width <= 1.0:
            level = (x > self.center - 0.5).astype(np.float32)
        else:
            level = (x - (self.center - 0.5)) / (self.width - 1.0) + 0.5
        return np.asarray(np.rint(np.clip(level, 0.0, 1.0) * 255.0), np.uint8)


def window_of(data: Dataset) -> GrayWindow | None:
    """The first VOI lookup table, else the first window; None where there is none that can be used."""
    try:
        if data.get("VOILUTSequence"):
            return _table(data.VOILUTSequence[0])
        center, width = (_first(data.get(name)) for name in ("WindowCenter", "WindowWidth"))
        function = str(data.get("VOILUTFunction", "") or "LINEAR").upper()
    except (AttributeError, TypeError, ValueError, OverflowError, IndexError):
        return None
    if not math.isfinite(center) or not math.isfinite(width) or width < 1.0:
        return None
    return GrayWindow(center, width, function)


def _first(raw: Any) -> float:
    """The first of one or several values; NaN without any."""
    if raw is None or raw == "":
        return math.nan
    return float(raw[0] if np.ndim(raw) else raw)


def _table(item: Dataset) -> GrayWindow | None:
    count, first, bits = (int(value) for value in item.LUTDescriptor)
    raw = item.LUTData
    entries = np.frombuffer(raw, "<u2") if isinstance(raw, bytes) else np.asarray(raw, np.float64)
    if len(entries) != (count or 65536) or not 8 <= bits <= 16:
        return None
    levels = np.rint(np.clip(entries / (2.0**bits - 1.0), 0.0, 1.0) * 255.0).astype(np.uint8)
    return GrayWindow(float(first), float(len(levels)), "TABLE", levels)

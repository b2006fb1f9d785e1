"""Body landmarks in exam.json."""

from typing import Any

import numpy as np

from echopilot_core import BodyLandmarks

POINTS = ("notch_m", "xiphoid_m", "navel_m")


def landmarks_document(landmarks: BodyLandmarks | None) -> dict[str, Any] | None:
    """Stamp and points [m] in `base`; None while nobody pointed, or where a point is not finite."""
    if landmarks is None or not np.isfinite([getattr(landmarks, name) for name in POINTS]).all():
        return None
    points = {name: [round(float(v), 5) for v in getattr(landmarks, name)] for name in POINTS}
    return {"stamp_ns": landmarks.stamp_ns, **points}


def read_landmarks(document: dict[str, Any] | None) -> BodyLandmarks | None:
    """Back from exam.json; raises ValueError, KeyError or TypeError on what does not fit."""
    if document is None:
        return None
    points = [np.array(document[name], np.float64).reshape(3) for name in POINTS]
    return BodyLandmarks(int(document["stamp_ns"]), *points)

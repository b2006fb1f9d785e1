"""Settings that a request asks for, with those of now in the place of what it leaves out."""

import math

from ultrasound_msgs.srv import SetImaging

from echopilot_core import ScannerSettings
from echopilot_wire import from_settings


def asked_settings(request: SetImaging.Request, now: ScannerSettings) -> ScannerSettings:
    """Settings after a request, in which NaN, 0 for `compounding` and empty leave what is; ValueError for others."""
    wanted = from_settings(request.settings, request.to_zero)

    def left(asked: float, present: float) -> float:
        return present if math.isnan(asked) else asked

    return ScannerSettings(
        preset=wanted.preset or now.preset,
        depth_m=left(wanted.depth_m, now.depth_m),
        gain_db=left(wanted.gain_db, now.gain_db),
        focus_m=left(wanted.focus_m, now.focus_m),
        dynamic_range_db=left(wanted.dynamic_range_db, now.dynamic_range_db),
        tgc_db=wanted.tgc_db or now.tgc_db,
        compounding=wanted.compounding or now.compounding,
        persistence=left(wanted.persistence, now.persistence),
    )

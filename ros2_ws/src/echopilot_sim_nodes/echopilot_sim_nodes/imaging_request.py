"""Settings that a request asks for, with those of now in the place of what it leaves out."""

import math

from ultrasound_msgs.srv import SetImaging

from echopilot_core import ScannerSettings


def asked_settings(request: SetImaging.Request, now: ScannerSettings) -> ScannerSettings:
    """The settings that follow from a request; numbers that are NaN, and empty fields, stay as they are."""
    wanted = request.settings

    def left(asked: float, present: float) -> float:
        return present if math.isnan(asked) else asked

    return ScannerSettings(
        preset=wanted.preset or now.preset,
        depth_m=left(wanted.depth or math.nan, now.depth_m),
        gain_db=left(wanted.gain, now.gain_db),
        focus_m=left(wanted.focus or math.nan, now.focus_m),
        dynamic_range_db=left(wanted.dynamic_range or math.nan, now.dynamic_range_db),
        tgc_db=tuple(wanted.tgc) or now.tgc_db,
        compounding=wanted.compounding or now.compounding,
        persistence=left(wanted.persistence, now.persistence),
    )

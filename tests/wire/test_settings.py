"""Requests for settings: what is NaN, 0 or empty is left, what no scanner can do is refused with the reason."""

import math

import pytest

from echopilot_wire import from_settings
from echopilot_wire.store import ultrasound_msgs

NAN = float("nan")
LEFT = {
    "preset": "",
    "depth": NAN,
    "gain": NAN,
    "focus": NAN,
    "dynamic_range": NAN,
    "tgc": [],
    "compounding": 0,
    "persistence": NAN,
    "mechanical_index": NAN,
    "thermal_index": NAN,
}


def request(**values: object) -> object:
    return ultrasound_msgs.ImagingParameters(**(LEFT | values))


def test_what_is_asked_for_is_set_and_the_rest_is_left() -> None:
    asked = from_settings(request(depth=0.12, focus=0.0, gain=0.0, tgc=[1.0, 2.0]))
    assert (asked.depth_m, asked.gain_db, asked.tgc_db, asked.preset) == (0.12, 0.0, (1.0, 2.0), "")
    assert math.isnan(asked.focus_m) and math.isnan(asked.persistence) and asked.compounding == 0


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "nothing is asked for; give preset, depth"),
        ({"depth": 0.0}, "nothing is asked for"),
        ({"depth": -0.1}, "depth is -0.1"),
        ({"focus": math.inf}, "focus is inf"),
        ({"gain": -math.inf}, "gain is infinite"),
        ({"tgc": [0.0, NAN]}, "tgc holds a number that is not finite"),
        ({"persistence": 1.5}, "between 0 and 1"),
        ({"compounding": -2}, "counts from 1"),
    ],
)
def test_what_no_scanner_can_do_is_refused(values: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        from_settings(request(**values))

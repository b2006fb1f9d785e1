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


LEFT_OUT = LEFT | dict.fromkeys(("depth", "gain", "focus", "dynamic_range", "persistence"), 0.0)
"""As a command line sends what it does not mention."""


@pytest.mark.parametrize("left", [LEFT, LEFT_OUT])
def test_what_is_asked_for_is_set_and_the_rest_is_left(left: dict[str, object]) -> None:
    asked = from_settings(request(**(left | {"depth": 0.12, "tgc": [1.0, 2.0]})))
    assert (asked.depth_m, asked.tgc_db, asked.preset, asked.compounding) == (0.12, (1.0, 2.0), "", 0)
    assert all(map(math.isnan, (asked.focus_m, asked.gain_db, asked.dynamic_range_db, asked.persistence)))


@pytest.mark.parametrize("left", [LEFT, LEFT_OUT])
def test_a_setting_with_a_zero_of_its_own_is_set_to_it_by_name(left: dict[str, object]) -> None:
    asked = from_settings(request(**left), ["gain"])
    assert asked.gain_db == 0.0 and math.isnan(asked.persistence)
    assert from_settings(request(**left), ["persistence"]).persistence == 0.0
    with pytest.raises(ValueError, match="to_zero holds 'depth'; valid: gain, persistence"):
        from_settings(request(**left), ["depth"])
    with pytest.raises(ValueError, match="gain is to be 3 and 0 at the same time"):
        from_settings(request(**(left | {"gain": 3.0})), ["gain"])


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "nothing is asked for; give preset, depth"),
        (LEFT_OUT, "nothing is asked for; give preset, depth"),
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

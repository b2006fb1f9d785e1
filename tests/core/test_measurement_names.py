"""The table of measurement names: words, codes, units and conventions fit together."""

import pickle

import pytest

from echopilot_core import EJECTION_FRACTIONS, CaliperConvention, MeasurementName


def test_words_and_codes_lead_back_to_their_name() -> None:
    for name in MeasurementName:
        assert MeasurementName.of(str(name)) is name and MeasurementName(str(name)) is name
        assert MeasurementName.of_code(name.code) is name
        assert pickle.loads(pickle.dumps(name)) is name
    assert len({name.code for name in MeasurementName}) == len(MeasurementName)
    assert all(1 <= name.code <= 255 for name in MeasurementName), "a uint8 of a message, of which 0 stands for none"


def test_an_unknown_word_or_code_is_one_line_with_the_valid_choices() -> None:
    for ask in (lambda: MeasurementName.of("lv_volum"), lambda: MeasurementName("lv_volum")):
        with pytest.raises(ValueError, match=r"unknown measurement 'lv_volum'; valid: .*, lv_volume, ") as error:
            ask()
        assert "\n" not in str(error.value)
    with pytest.raises(ValueError, match="unknown code of a measurement 0; valid: 1, "):
        MeasurementName.of_code(0)


def test_a_length_has_a_convention_and_nothing_else_has_one() -> None:
    for name in MeasurementName:
        assert name.unit in ("m", "m3", "1") and name.meaning
        assert (name.convention is not CaliperConvention.NOT_APPLICABLE) == (name.unit == "m"), name
    assert {name for name in MeasurementName if name.unit == "1"} == set(EJECTION_FRACTIONS)

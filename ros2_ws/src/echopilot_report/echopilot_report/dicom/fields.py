"""Fields of DICOM objects: what a value representation cannot hold is refused, with one line, and never altered."""

import math

from pydicom import config
from pydicom.dataset import Dataset
from pydicom.valuerep import validate_value

from echopilot_core import EchoPilotError

CHECKED = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UT"})
ENDS_COUNT = frozenset({"LO", "PN", "SH"})
"""Spaces at their ends are padding: a reader drops them."""
DECIMAL_CHARACTERS = 16  # of a decimal string (DS)


def check_fields(data: Dataset, file_name: str) -> Dataset:
    """The same data set; raises EchoPilotError naming the field, its representation and the rule that it breaks."""
    for element in data.iterall():
        if element.VR not in CHECKED or element.value is None:
            continue
        several = isinstance(element.value, (list, tuple)) or element.VM > 1
        for value in element.value if several else [element.value]:
            fault = field_fault(element.VR, str(value))
            if fault:
                raise EchoPilotError(
                    f"{file_name}: {element.keyword} ({element.VR}) cannot hold {str(value)[:60]!r}: {fault}"
                )
    return data


def field_fault(representation: str, text: str) -> str:
    """Why a value does not fit into a field of this representation (PS3.5, 6.2); empty: it does."""
    if not text:
        return ""
    if any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        return "it holds half a character"
    if representation in ENDS_COUNT and text != text.strip(" "):
        return "spaces at its ends are dropped by readers"
    try:
        validate_value(representation, text, config.RAISE)
    except ValueError as error:
        return " ".join(str(error).split())
    return ""


def fits(representation: str, text: str) -> str:
    """The text where the field can hold it unaltered, otherwise nothing: for fields that may be left empty."""
    return "" if field_fault(representation, text) else text


def decimal_string(value: float, digits: int) -> str:
    """A number as decimal string (DS) with `digits` decimals.

    Raises EchoPilotError where it is not finite or does not fit into 16 characters; a cut number is another number.
    """
    text = f"{value:.{digits}f}"
    if not math.isfinite(value) or len(text) > DECIMAL_CHARACTERS:
        raise EchoPilotError(f"{text} does not fit into a DICOM decimal string of {DECIMAL_CHARACTERS} characters")
    return text

"""Allow-list of keywords and of their values."""

import re
from collections.abc import Callable, Set
from functools import lru_cache
from pathlib import Path

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from echopilot_report.deidentify.names import NewNames, is_public_uid
from echopilot_report.deidentify.words import coded_words, meaning_of, text_may_leave

NUMBERS = frozenset({"US", "SS", "UL", "SL", "UV", "SV", "FL", "FD", "AT"})
NUMBER_STRINGS = frozenset({"DS", "IS"})
TEXTS = frozenset({"LO", "SH", "ST", "LT", "UT", "UC"})
NO_DAY, NO_TIME = "20000101", "000000"
WHEN = {"DA": NO_DAY, "TM": NO_TIME, "DT": NO_DAY + NO_TIME}
OWN_FILE = Path(__file__).parent / "own_tags.txt"


@lru_cache(maxsize=1)
def own_keywords() -> frozenset[str]:
    """Keywords of EchoPilot's objects that do not identify the patient."""
    lines = OWN_FILE.read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def allowed_part(data: Dataset, keywords: Set[str], names: NewNames, holder: str = "") -> Dataset | None:
    """A new data set with the allowed elements of `data`; None where an item would lose its name or value.

    Everything else goes: other keywords, private tags, values of another kind than their keyword asks for. `holder` is
    the keyword of the sequence that holds it: of a code sequence only a code that our tables know stays, with the
    meaning that they give it.
    """
    if holder.endswith("CodeSequence"):
        return _code(data)
    kept = Dataset()
    for element in data:
        if element.tag.is_private or element.keyword not in keywords:
            continue
        value = _value(element, keywords, names)
        if value is not None:
            kept.add_new(element.tag, element.VR, value)
    return kept if holder != "ContentSequence" or _has_sense(data, kept) else None


def _value(element: DataElement, keywords: Set[str], names: NewNames) -> object | None:
    vr, keyword = element.VR, element.keyword
    if vr == "SQ":
        items = [allowed_part(item, keywords, names, keyword) for item in element.value]
        whole = [item for item in items if item is not None]
        return DicomSequence(whole) if whole or not items else None
    if element.is_empty:
        return ""
    if vr in NUMBERS:
        return element.value  # type: ignore[no-any-return]
    if vr in NUMBER_STRINGS:
        return element.value if _each(element, _is_number) else None
    if vr == "UI":
        uids = [str(uid) for uid in _values(element)]
        return [uid if is_public_uid(uid) else names.uid(uid) for uid in uids]
    if vr == "CS":
        words = [str(word) for word in _values(element) if str(word) in coded_words(keyword)]
        return words or None
    if vr in WHEN:
        return WHEN[vr]
    if vr in TEXTS:
        return element.value if _each(element, lambda value: text_may_leave(str(value))) else None
    if keyword == "PixelData":
        return element.value  # type: ignore[no-any-return]
    return None


def _values(element: DataElement) -> list[object]:
    return list(element.value) if element.VM > 1 else [element.value]


def _each(element: DataElement, test: Callable[[object], bool]) -> bool:
    return all(test(value) for value in _values(element))


def _is_number(value: object) -> bool:
    return re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", str(value)) is not None


def _code(data: Dataset) -> Dataset | None:
    scheme, value = str(data.get("CodingSchemeDesignator", "")), str(data.get("CodeValue", ""))
    meaning = meaning_of(scheme, value)
    if meaning is None:
        return None
    kept = Dataset()
    kept.CodeValue, kept.CodingSchemeDesignator, kept.CodeMeaning = value, scheme, meaning[:64]
    return kept


def _has_sense(before: Dataset, after: Dataset) -> bool:
    """Whether a report item keeps its name and its value, if it had them."""
    needed = (
        "ValueType",
        "ConceptNameCodeSequence",
        "TextValue",
        "MeasuredValueSequence",
        "ConceptCodeSequence",
        "UID",
    )
    return all(keyword in after for keyword in needed if keyword in before)

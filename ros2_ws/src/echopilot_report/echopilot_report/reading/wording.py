"""Every word of a reading and of the report, from one file that can be translated."""

import math
from functools import lru_cache
from pathlib import Path

import yaml

from echopilot_core import Convention
from echopilot_report.reading.model import Reading

TEXT_FILE = Path(__file__).parents[1] / "text_en.yaml"


@lru_cache(maxsize=1)
def texts() -> dict[str, dict[str, str]]:
    """The whole text file: section, code, words."""
    document: dict[str, dict[str, str]] = yaml.safe_load(TEXT_FILE.read_text(encoding="utf-8"))
    return document


def text(section: str, code: str, **values: object) -> str:
    """Words of a code with values filled in; an unknown code, as of a set of the user's own, speaks for itself."""
    words = texts()[section].get(code)
    return code.replace("_", " ") if words is None else words.format(**values)


def convention_text(convention: Convention) -> str:
    """Calliper convention in words."""
    return text("convention", convention.name)


def notice() -> str:
    """What must stand wherever readings are shown."""
    return text("sentence", "notice")


def shown(value: float, reading: Reading) -> str:
    """A number of a reading with its decimals and unit."""
    return f"{value:.{reading.decimals}f} {text('unit', reading.unit)}"


def upper_first(words: str) -> str:
    """Words that begin a line."""
    return words[:1].upper() + words[1:]


def sentence(reading: Reading) -> str:
    """The reading in whole sentences."""
    return " ".join(parts(reading))


def parts(reading: Reading) -> list[str]:
    """The reading's sentences: number and class, follow-up, borderline, notes, reference."""
    quantity = text("quantity", reading.quantity)
    if math.isfinite(reading.value):
        quantity = f"{quantity} {shown(reading.value, reading)}"
    if reading.convention is not Convention.NOT_APPLICABLE:
        quantity = f"{quantity} ({convention_text(reading.convention)})"
    if reading.refused:
        return [text("sentence", "refused", quantity=quantity, reason=reading.refused), _reference(reading)]
    review = text("sentence", "suspected" if reading.suspected else "usual")
    lines = [text("sentence", "graded", quantity=quantity, grade=text("grade", reading.grade), review=review)]
    if text("follow_up", reading.follow_up):
        lines.append(text("sentence", "follow_up", follow_up=text("follow_up", reading.follow_up)))
    if reading.borderline:
        lines.append(borderline_text(reading))
    return [*lines, *reading.notes, _reference(reading)]


def borderline_text(reading: Reading) -> str:
    """On which side of the border, and how near."""
    side = "at" if reading.border_distance == 0.0 else "above" if reading.border_distance > 0.0 else "below"
    return text(
        "sentence",
        f"borderline_{side}",
        distance=shown(abs(reading.border_distance), reading),
        border=shown(reading.border, reading),
    )


def _reference(reading: Reading) -> str:
    return text(
        "sentence",
        "reference",
        reference=reading.reference,
        version=reading.reference_version,
        trust=reading.trust,
    )

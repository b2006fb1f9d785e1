"""Every word of a reading and of the report, from one file that can be translated."""

import math
from functools import lru_cache
from pathlib import Path

from echopilot_core import CaliperConvention
from echopilot_core.guarded.yaml_input import read_yaml
from echopilot_report.grading.model import Grade

TEXT_FILE = Path(__file__).parents[1] / "text_en.yaml"


@lru_cache(maxsize=1)
def texts() -> dict[str, dict[str, str]]:
    """The whole text file: section, code, words."""
    document: dict[str, dict[str, str]] = read_yaml(TEXT_FILE)
    return document


def text(section: str, code: str, **values: object) -> str:
    """Words of a code with values filled in; an unknown code, as of a set of the user's own, speaks for itself."""
    words = texts()[section].get(code)
    return code.replace("_", " ") if words is None else words.format(**values)


def convention_text(convention: CaliperConvention) -> str:
    """Caliper convention in words."""
    return text("convention", convention.name)


def notice() -> str:
    """Notice that accompanies every display of grades."""
    return text("sentence", "notice")


def shown(value: float, grade: Grade) -> str:
    """A number of a grade with its decimals and unit."""
    return f"{value:.{grade.decimals}f} {text('unit', grade.unit)}"


def upper_first(words: str) -> str:
    """Text with an upper-case first letter."""
    return words[:1].upper() + words[1:]


def sentence(grade: Grade) -> str:
    """The grade as sentences."""
    return " ".join(parts(grade))


def parts(grade: Grade) -> list[str]:
    """Sentences of a grade: number and class, follow-up, borderline, notes, reference."""
    quantity = text("quantity", grade.quantity)
    if math.isfinite(grade.value):
        quantity = f"{quantity} {shown(grade.value, grade)}"
    if grade.convention is not CaliperConvention.NOT_APPLICABLE:
        quantity = f"{quantity} ({convention_text(grade.convention)})"
    if grade.refused:
        return [text("sentence", "refused", quantity=quantity, reason=grade.refused), _reference(grade)]
    review = text("sentence", "suspected" if grade.suspected else "usual")
    lines = [text("sentence", "graded", quantity=quantity, grade=text("grade", grade.grade), review=review)]
    if text("follow_up", grade.follow_up):
        lines.append(text("sentence", "follow_up", follow_up=text("follow_up", grade.follow_up)))
    if grade.borderline:
        lines.append(borderline_text(grade))
    return [*lines, *grade.notes, _reference(grade)]


def borderline_text(grade: Grade) -> str:
    """Side of the border and distance to it."""
    side = "at" if grade.border_distance == 0.0 else "above" if grade.border_distance > 0.0 else "below"
    return text(
        "sentence",
        f"borderline_{side}",
        distance=shown(abs(grade.border_distance), grade),
        border=shown(grade.border, grade),
    )


def _reference(grade: Grade) -> str:
    return text(
        "sentence",
        "reference",
        reference=grade.reference,
        version=grade.reference_version,
        trust=grade.trust,
    )

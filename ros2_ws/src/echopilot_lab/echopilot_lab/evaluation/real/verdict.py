"""Faults of the answer to one labeled file: each question answered once, for the figures and for the page."""

from enum import Enum

from echopilot_core import FindingKind, View
from echopilot_lab.evaluation.real.observe import SeenFile
from echopilot_perception.anomaly.thresholds import AGREEING, SCORES


class AnswerFault(Enum):
    """One way to be wrong; the value is its word on the page."""

    NEAREST = "nearest view wrong"
    NAMED_WRONG = "named wrong"
    CALLED_FOREIGN = "called foreign"
    FOREIGN_SCORE = "score of a foreign image"
    FOREIGN_NAMED = "given a view"
    EFFUSION_MISSED = "effusion missed"
    EFFUSION_WRONG = "effusion where there is none"
    REFUSED = "refused"


def nearest_right(file: SeenFile) -> bool:
    """Whether the nearest view of most frames is the label's; False for a refused file."""
    return file.row.is_heart and not file.refusal and file.nearest == file.row.view


def called_foreign(file: SeenFile) -> bool:
    """Whether the finding WRONG_ORGAN is raised: over a clip, never on a single image."""
    return FindingKind.WRONG_ORGAN in file.findings


def foreign_by_score(file: SeenFile) -> bool:
    """Whether half of the frames, or the single image, reach the score of that finding."""
    far = sum(f.ood >= SCORES[FindingKind.WRONG_ORGAN].raise_at for f in file.frames)
    return bool(file.frames) and far >= AGREEING * len(file.frames)


def is_named(file: SeenFile) -> bool:
    """Whether the file is given a view; a refused one is not."""
    return not file.refusal and file.answer.view is not View.NONE


def faults(file: SeenFile) -> tuple[AnswerFault, ...]:
    """All faults of the answer, the gravest first; refusing what is foreign, or none of the views, is right."""
    row, found = file.row, []
    if file.refusal:
        return (AnswerFault.REFUSED,) if row.is_heart else ()
    if is_named(file) and file.answer.view not in row.views:
        found.append(AnswerFault.NAMED_WRONG if not row.foreign else AnswerFault.FOREIGN_NAMED)
    if row.is_heart and called_foreign(file):
        found.append(AnswerFault.CALLED_FOREIGN)
    elif row.is_heart and foreign_by_score(file):
        found.append(AnswerFault.FOREIGN_SCORE)
    if row.is_heart and not nearest_right(file):
        found.append(AnswerFault.NEAREST)
    has_fluid = FindingKind.EFFUSION in file.findings
    if row.effusion is not None and has_fluid != row.effusion:
        found.append(AnswerFault.EFFUSION_WRONG if has_fluid else AnswerFault.EFFUSION_MISSED)
    return tuple(found)


def praise(file: SeenFile) -> str:
    """What is right about an answer without faults, in words."""
    if file.refusal:
        return "refused, right"
    if not file.row.is_heart:
        return "no view given, right"
    return "named right" if is_named(file) else "nearest view right"

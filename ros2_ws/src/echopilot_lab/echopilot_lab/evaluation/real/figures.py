"""Figures of labeled real images, in the keys of `echopilot eval --json` under `real`."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from echopilot_core import FindingKind, View
from echopilot_lab.evaluation.real.gray_changes import CHANGES
from echopilot_lab.evaluation.real.observe import SeenFile
from echopilot_lab.evaluation.real.verdict import called_foreign, foreign_by_score, is_named, nearest_right
from echopilot_perception.anomaly import auroc

Files = Sequence[SeenFile]
POOR_DICE = 0.5


def real_figures(files: Files) -> dict[str, Any]:
    """Counts, each beside the number of files or frames that it is out of; None where there is nothing to count.

    `hearts` are all files that show one of the views, `other` those that are neither a heart nor foreign. A refusal in
    words is right for a foreign file, and counted apart.
    """
    hearts = [f for f in files if f.row.is_heart]
    foreign = [f for f in files if f.row.foreign]
    other = [f for f in files if not f.row.is_heart and not f.row.foreign]
    return {
        "files": len(files),
        "clips": _by_majority([f for f in hearts if not f.is_still]),
        "stills": _by_majority([f for f in hearts if f.is_still]),
        "frames": _by_frame(hearts),
        "hearts": len(hearts),
        "hearts_called_foreign": _count(called_foreign, hearts),
        "hearts_foreign_by_score": _count(foreign_by_score, hearts),
        "foreign": len(foreign),
        "foreign_named": _count(is_named, foreign),
        "foreign_named_by_frames": _count(_named_by_frames, foreign),
        "other": len(other),
        "other_named": _count(is_named, other),
        "refused": {
            name: _count(lambda f: bool(f.refusal), some)
            for name, some in (("hearts", hearts), ("foreign", foreign), ("other", other))
        },
        "ood_auroc": _area(hearts, foreign),
        "ood_auroc_of": {
            name: _area([f for f in hearts if f.is_still == still], [f for f in foreign if f.is_still == still])
            for name, still in (("clips", False), ("stills", True))
        },
        "effusion": _effusion(files),
        "gray_change": _gray(files),
        "dice": _dice(files),
        "views": {view: _by_majority([f for f in hearts if f.row.view == view]) for view in _in_order(hearts)},
    }


def _count(test: Callable[[SeenFile], bool], files: Files) -> int:
    return sum(test(f) for f in files)


def _by_majority(hearts: Files) -> dict[str, int]:
    right = sum(is_named(f) and f.answer.view in f.row.views for f in hearts)
    return {
        "n": len(hearts),
        "nearest_right": _count(nearest_right, hearts),
        "named_right": right,
        "named_wrong": _count(is_named, hearts) - right,
    }


def _by_frame(hearts: Files) -> dict[str, int]:
    rows = [(frame, f.row.views) for f in hearts for frame in f.frames]
    right = sum(frame.view in views for frame, views in rows)
    return {
        "n": len(rows),
        "named_right": right,
        "named_wrong": sum(frame.view is not View.NONE for frame, _ in rows) - right,
        "nearest_right": sum(frame.nearest_view in views for frame, views in rows),
    }


def _named_by_frames(file: SeenFile) -> bool:
    """Whether more frames than not are given a view, whatever else is said of them."""
    named = sum(frame.view is not View.NONE for frame in file.frames)
    return 2 * named > len(file.frames)


def _area(hearts: Files, foreign: Files) -> float | None:
    """Area under the curve of mean scores; a refused file counts as the most foreign."""
    area = auroc([f.ood for f in (*hearts, *foreign)], [*(False for _ in hearts), *(True for _ in foreign)])
    return area if math.isfinite(area) else None


def _effusion(files: Files) -> dict[str, int]:
    told = [(FindingKind.EFFUSION in f.findings, f.row.effusion) for f in files if f.row.effusion is not None]
    return {
        "n": len(told),
        "tp": sum(said and true for said, true in told),
        "fp": sum(said and not true for said, true in told),
        "fn": sum(not said and bool(true) for said, true in told),
        "tn": sum(not said and not true for said, true in told),
    }


def _gray(files: Files) -> dict[str, Any]:
    rows = [f.gray for f in files if f.gray is not None]
    return {
        "n": len(rows),
        "changes": list(CHANGES),
        "ood": _spread([row.ood for row in rows]),
        "quality": _spread([row.quality for row in rows]),
        "nearest_changed": sum(row.nearest_changed > 0 for row in rows),
    }


def _spread(values: Sequence[float]) -> dict[str, float | None]:
    if not values:
        return {"median": None, "p95": None, "max": None}
    median, p95, most = (float(v) for v in np.percentile(values, [50, 95, 100]))
    return {"median": median, "p95": p95, "max": most}


def _dice(files: Files) -> dict[str, dict[str, Any]]:
    rows = [row for f in files for row in f.dice]
    found = {}
    for tissue in sorted({row.tissue for row in rows}):
        values = [row.dice for row in rows if row.tissue is tissue]
        found[tissue.name] = {
            "n": len(values),
            "mean": float(np.mean(values)),
            "median": float(np.median(values)),
            "below_half": sum(value < POOR_DICE for value in values),
        }
    return found


def _in_order(hearts: Files) -> list[str]:
    """Labels that occur, in the order of the rows."""
    return list(dict.fromkeys(f.row.view for f in hearts))

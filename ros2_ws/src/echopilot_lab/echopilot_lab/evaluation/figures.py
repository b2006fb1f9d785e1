"""Figures from the marks of all patients, in the keys of `echopilot eval --json`."""

from typing import Any

import numpy as np
from scipy.stats import spearmanr

from echopilot_core import FindingKind, LandmarkName, SegmentationClass, View
from echopilot_lab.evaluation.marks import Marks, ScoredCase
from echopilot_lab.evaluation.roc import operating_point
from echopilot_perception.anomaly import auroc, expected_calibration_error
from echopilot_perception.anomaly.thresholds import SCORES, SIZES

EF_PERCENT_OF_NO_MODEL = 60.0  # what a constant predictor would say


def figures(marks: Marks) -> dict[str, Any]:
    """Everything that `echopilot eval` reports; None or NaN where nothing was there to be measured."""
    tissues = list(SegmentationClass)[1:]
    total = marks.true_cells + marks.predicted_cells
    dice = {t.name: float(2 * marks.both_cells[t] / total[t]) for t in tissues if marks.true_cells[t]}
    right = np.array(marks.view_true) == np.array(marks.predicted_view)
    ef = np.array(marks.ef).reshape(-1, 2)
    return {
        "frames": len(marks.view_true),
        "dice": dice,
        "dice_mean": float(np.mean(list(dice.values()))),
        "false_area": {t.name: float(marks.false_share[t] / marks.absent[t]) for t in tissues if marks.absent[t]},
        "view_accuracy": float(right.mean()),
        "view_accuracy_clear": float(right[np.array(marks.view_clear)].mean()),
        "views": _views(marks, right),
        "quality_spearman": float(spearmanr(marks.predicted_quality, marks.quality_true).statistic),
        "ece": expected_calibration_error(marks.view_sure, right),
        **_foreign(marks),
        "aortic_diameter_error_mm": {**_errors(marks.aorta_mm), "missed": len(marks.aorta_missed)},
        "aortic_diameter_direct_error_mm": _errors(marks.aorta_direct_mm),
        "ef_error_pct": {
            "mae": _mean_size(ef[:, 0] - ef[:, 1]),
            "bias": float(np.mean(ef[:, 0] - ef[:, 1])) if len(ef) else None,
            "constant_predictor_mae": _mean_size(EF_PERCENT_OF_NO_MODEL - ef[:, 1]),
            "n": len(ef),
        },
        "landmarks": {
            "presence_accuracy": float(np.mean(marks.landmark_right)),
            "median_mm": {name.name: _median_of(marks.landmark_mm, name.name) for name in LandmarkName},
        },
        "findings": {kind.name: found for kind in FindingKind if (found := _finding(marks, kind)) is not None},
        "guidance": {view: _guidance(marks, view) for view in sorted({g.view for g in marks.guidance})},
        "latency_ms": {f"p{q}": float(np.percentile(marks.latency_ms, q)) for q in (50, 95)},
    }


def cases(marks: Marks, kind: FindingKind) -> list[ScoredCase]:
    """The cases of a finding outside its borderline zone."""
    return [j for j in marks.scored_cases if j.kind == kind.name and j.clear]


def threshold(kind: FindingKind) -> float:
    """The score from which a frame or patient counts as having the finding."""
    return 0.5 if kind in SIZES or kind not in SCORES else SCORES[kind].raise_at


def _finding(marks: Marks, kind: FindingKind) -> dict[str, Any] | None:
    rows = cases(marks, kind)
    if not rows:
        return None
    scores, there = [r.score for r in rows], [r.there for r in rows]
    point = operating_point(scores, there, threshold(kind))
    return {
        "sensitivity": point.sensitivity.value,
        "sensitivity_95": [point.sensitivity.low, point.sensitivity.high],
        "specificity": point.specificity.value,
        "specificity_95": [point.specificity.low, point.specificity.high],
        "auroc": auroc(scores, there),
        "n_pos": point.sensitivity.n,
        "n_neg": point.specificity.n,
        "borderline": sum(j.kind == kind.name and not j.clear for j in marks.scored_cases),
    }


def _foreign(marks: Marks) -> dict[str, Any]:
    usual = marks.ood_usual

    def area(rows: list[float]) -> float:
        return auroc([*usual, *rows], [False] * len(usual) + [True] * len(rows))

    kinds = sorted({kind for kind, _ in marks.ood_scores})
    return {
        "ood_auroc": area([score for _, score in marks.ood_scores]),
        "ood_auroc_of": {kind: area([s for k, s in marks.ood_scores if k == kind]) for kind in kinds},
        "ood_refused_files": marks.refused,
        "ood_n": {"usual": len(usual), **{k: sum(x == k for x, _ in marks.ood_scores) for k in kinds}},
    }


def _views(marks: Marks, right: Any) -> dict[str, float]:
    true = np.array(marks.view_true)
    return {view.name: float(right[true == view].mean()) for view in View if (true == view).any()}


def _errors(errors_mm: list[float]) -> dict[str, Any]:
    errors = np.array(errors_mm)
    return {
        "mae": _mean_size(errors),
        "bias": float(errors.mean()) if errors.size else None,
        "p95": float(np.percentile(np.abs(errors), 95)) if errors.size else None,
        "n": int(errors.size),
    }


def _mean_size(errors: Any) -> float | None:
    return float(np.abs(errors).mean()) if len(errors) else None


def _median_of(rows: list[tuple[str, float]], name: str) -> float | None:
    values = [v for n, v in rows if n == name]
    return float(np.median(values)) if values else None


def _guidance(marks: Marks, view: str) -> dict[str, Any]:
    """Medians over all frames that count, and over those near the view."""
    rows = [g for g in marks.guidance if g.view == view]
    found: dict[str, Any] = {"n": len(rows), "n_near": sum(g.near for g in rows)}
    for name, chosen in (("all", rows), ("near", [g for g in rows if g.near])):
        if chosen:
            found[f"offset_mm_{name}"] = float(np.median([g.offset_mm for g in chosen]))
            found[f"angle_deg_{name}"] = float(np.median([g.angle_deg for g in chosen]))
    return found

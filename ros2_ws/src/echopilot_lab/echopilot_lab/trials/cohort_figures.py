"""Figures over many trials, in the keys of `echopilot trial --json`."""

import math
from collections import Counter
from typing import Any

import numpy as np

from echopilot_core import FindingKind
from echopilot_perception.anomaly.thresholds import SIZES, borderline

Result = dict[str, Any]

_ANEURYSM = SIZES[FindingKind.ANEURYSM_ABDOMINAL]
STRATA = {"bmi_kg_m2": "BMI", "lung_overlap_mm": "lung mm"}
WINDOWS = {
    "parasternal": ("PLAX", "PSAX_AV", "PSAX_MV", "PSAX_PM"),
    "apical": ("A4C", "A5C", "A2C", "A3C"),
    "subcostal": ("SC4C", "SC_IVC"),
    "abdominal": ("AORTA_TRANS", "AORTA_LONG"),
}


def summarize(results: list[Result]) -> dict[str, Any]:
    """Figures over all trials. Views and strata count patients; errors of a sweep are pooled over its frames."""
    forces = [r["force"] for r in results]
    return {
        "patients": len(results),
        "views": {name: view_figures(scores) for name, scores in by_view(results).items()},
        "windows": windows_of(results),
        "strata": {key: strata_of(results, key) for key in STRATA},
        "aorta": aorta_figures([r for r in results if r["aorta"]["attempted"]]),
        "ef_error_pct": {"mae": mean_of([difference(r["heart"], "ef_pct", "true_ef_pct") for r in results])},
        "force": {
            "rmse_n": mean_of([f["rmse_n"] for f in forces]),
            **{
                key: max(known([f[key] for f in forces]), default=None)
                for key in ("overshoot_n", "touchdown_n", "max_n")
            },
        },
        "safety": {key: sum(r["safety"][key] for r in results) for key in ("limit_crossings", "trips")},
        "real_time_factor": mean_of([r["real_time_factor"] for r in results]),
        "real_time_factor_per_core": mean_of([r["real_time_factor_per_core"] for r in results]),
    }


def by_view(results: list[Result]) -> dict[str, list[Result]]:
    """Scores of every view that some exam asked for, in the order of the protocol."""
    names = list(dict.fromkeys(name for r in results for name in r["views"]))
    return {name: [r["views"][name] for r in results if name in r["views"]] for name in names}


def view_figures(scores: list[Result]) -> dict[str, Any]:
    """Counts, quantiles of errors (also of the starts, as they truly were) and of time, and kinds of failure."""
    counted = {key: sum(s[key] for s in scores) for key in ("attempted", "accepted", "reached", "near")}
    measured = ("seconds", "angle_error_deg", "offset_mm", "start_angle_deg", "start_offset_mm")
    return {
        **counted,
        **{key: quantiles([s[key] for s in scores]) for key in measured},
        "failures": dict(Counter(s["failure"] for s in scores if s["failure"]).most_common()),
    }


def strata_of(results: list[Result], key: str) -> list[dict[str, Any]]:
    """Views reached by thirds of the patients, from the least to the most of a quantity; none where it is unknown."""
    ranked = sorted((r for r in results if r["person"][key] is not None), key=lambda r: float(r["person"][key]))
    thirds = [part for i in range(3) if (part := ranked[i * len(ranked) // 3 : (i + 1) * len(ranked) // 3])]
    return [
        {
            "from": part[0]["person"][key],
            "to": part[-1]["person"][key],
            "patients": len(part),
            "views": {
                name: {"attempted": len(scores), "reached": sum(s["reached"] for s in scores)}
                for name, scores in by_view(part).items()
            },
        }
        for part in thirds
    ]


def windows_of(results: list[Result]) -> dict[str, dict[str, int]]:
    """Views reached by acoustic window, over all views that look through it."""
    views = by_view(results)
    found = {window: [score for name in names for score in views.get(name, [])] for window, names in WINDOWS.items()}
    return {
        window: {"attempted": len(scores), "reached": sum(s["reached"] for s in scores)}
        for window, scores in found.items()
        if scores
    }


def aorta_figures(results: list[Result]) -> dict[str, Any]:
    """Sweeps, diameter error and the aneurysm table; within 2 mm of the threshold counts as borderline."""
    scores = [r["aorta"] for r in results]
    errors = [difference(s, "max_diameter_mm", "true_max_diameter_mm") for s in scores]
    table = dict.fromkeys(("tp", "fp", "tn", "fn", "borderline"), 0)
    for s in scores:
        if borderline(_ANEURYSM, 1e-3 * s["unloaded_max_diameter_mm"]):
            table["borderline"] += 1
        else:
            right = bool(s["aneurysm"]) == s["true_aneurysm"]  # without an answer it is missed
            table[("t" if right else "f") + ("p" if s["aneurysm"] else "n")] += 1
    return {
        "attempted": len(scores),
        "completed": sum(s["completed"] for s in scores),
        "diameter_error_mm": {"mae": mean_of(errors), "p95": quantile(errors, 95)},
        "centreline_error_mm": quantiles([v for r in results for v in r["sweep"]["centreline_mm"]]),
        "orientation_error_deg": quantiles([v for r in results for v in r["sweep"]["orientation_deg"]]),
        "aneurysm": table,
    }


def difference(score: Result, key: str, true_key: str) -> float | None:
    """Size of an error, or None when either side is unknown."""
    a, b = score[key], score[true_key]
    return None if a is None or b is None else abs(float(a) - float(b))


def known(values: list[float | None]) -> list[float]:
    """Values that are there and finite."""
    return [v for v in values if v is not None and math.isfinite(v)]


def mean_of(values: list[float | None] | list[float]) -> float | None:
    """Mean of the known values."""
    numbers = known(list(values))
    return float(np.mean(numbers)) if numbers else None


def quantile(values: list[float] | list[float | None], percent: float) -> float | None:
    """Percentile of the known values."""
    numbers = known(list(values))
    return float(np.percentile(numbers, percent)) if numbers else None


def quantiles(values: list[float | None]) -> dict[str, float | None]:
    """Median and 95th percentile."""
    return {"median": quantile(values, 50), "p95": quantile(values, 95)}

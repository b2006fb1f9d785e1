"""Figures over the suspicions of many trials: confirmed, withdrawn or open, true or false, and what it cost."""

from collections import Counter
from typing import Any

from echopilot_core import FindingKind, SuspicionOutcome
from echopilot_lab.trials.cohort_figures import Result, known, mean_of

GROUPS = ("true", "false", "borderline", "unknown")
OUTCOMES = tuple(outcome.name.lower() for outcome in SuspicionOutcome)


def suspicion_figures(results: list[Result]) -> dict[str, Any]:
    """Counts by finding and by truth, reasons of open ones, sizes before and after, and the time of second looks.

    A suspicion whose true size lies in the zone around the limit counts as borderline, as in the aneurysm table.
    `missed`: patients with a disease, by finding, of whom no suspicion was raised. `healthy` patients have none.
    """
    rows = [(r["patient"], s) for r in results for s in r.get("suspicions", [])]
    scores = [s for _, s in rows]
    kinds = sorted({s["kind"] for s in scores})
    aneurysms = [s for s in scores if s["kind"] == FindingKind.ANEURYSM_ABDOMINAL.name]
    healthy = [r for r in results if not r.get("diseases")]
    return {
        **counts_of(scores),
        "by_kind": {kind: counts_of([s for s in scores if s["kind"] == kind]) for kind in kinds},
        "open_reasons": [
            {"patient": patient, "kind": s["kind"], "reason": s["reason"]} for patient, s in rows if _is_open(s)
        ],
        "open_without_reason": sum(_is_open(s) and not s["reason"].strip() for s in scores),
        "wrong": [
            {"patient": patient, **{key: s[key] for key in ("kind", "outcome", "reason", "borderline")}}
            for patient, s in rows
            if s["right"] is False
        ],
        "diameter_error_mm": errors_of([s for s in aneurysms if s["true"]]),
        "diameter_error_all_mm": errors_of(aneurysms),
        "missed": dict(Counter(kind for r in results for kind in _missed(r))),
        "second_look_s": _added_time(results),
        "second_look_healthy": _added_time(healthy),
    }


def counts_of(scores: list[Result]) -> dict[str, Any]:
    """How many were raised, and what became of those that are true, false, borderline, or of unknown truth."""
    table = {group: dict.fromkeys(OUTCOMES, 0) for group in GROUPS}
    for s in scores:
        table[group_of(s)][s["outcome"].lower()] += 1
    return {"raised": len(scores), **table}


def group_of(score: Result) -> str:
    """One of GROUPS."""
    if score["true"] is None:
        return "unknown"
    return "borderline" if score["borderline"] else "true" if score["true"] else "false"


def errors_of(scores: list[Result]) -> dict[str, Any]:
    """Mean error of the first look and of all looks together, of suspicions that have both; `share` is their ratio."""
    both = [(s["error_before_mm"], s["error_after_mm"]) for s in scores]
    pairs = [pair for pair in both if None not in pair]
    before, after = (mean_of([pair[k] for pair in pairs]) for k in (0, 1))
    share = None if before is None or after is None or before == 0.0 else after / before
    return {"suspicions": len(pairs), "before": before, "after": after, "share": share}


def suspicion_lines(figures: dict[str, Any]) -> list[str]:
    """A few lines for the console; none where nothing was raised."""
    if not figures["raised"]:
        return []
    words = [f"suspicions: {figures['raised']} raised"]
    for group in GROUPS:
        counts = figures[group]
        if any(counts.values()):
            told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in ("confirmed", "withdrawn", "open"))
            words.append(f"{group}: {told}")
    lines = ["; ".join(words)]
    errors = figures["diameter_error_mm"]
    if errors["share"] is not None:
        lines.append(
            f"aneurysms with a second look: diameter off by {errors['before']:.2f} mm before and {errors['after']:.2f} "
            f"mm after it (mean of {errors['suspicions']}, {errors['share']:.2f} of it)"
        )
    healthy = figures["second_look_healthy"]
    if healthy["patients"]:
        lines.append(f"healthy patients: second looks took {healthy['added_pct']:.1f} % more time")
    return lines


def _is_open(score: Result) -> bool:
    return bool(score["outcome"] == SuspicionOutcome.OPEN.name)


def _missed(result: Result) -> set[str]:
    """Diseases of the aorta of a patient whose sweep was completed, without a suspicion of them."""
    if not result["aorta"]["completed"]:
        return set()
    aortic = {FindingKind.ANEURYSM_ABDOMINAL.name, FindingKind.THROMBUS.name, FindingKind.DISSECTION_FLAP.name}
    return aortic.intersection(result.get("diseases", [])) - {s["kind"] for s in result.get("suspicions", [])}


def _added_time(results: list[Result]) -> dict[str, Any]:
    """Mean time of second looks [s], and how much longer they made the exams, in percent of the rest."""
    exam_s, looks_s = (sum(known([r.get(key) for r in results])) for key in ("exam_s", "second_look_s"))
    return {
        "patients": len(results),
        "mean_s": looks_s / len(results) if results else None,
        "added_pct": 100.0 * looks_s / (exam_s - looks_s) if exam_s > looks_s else 0.0,
    }

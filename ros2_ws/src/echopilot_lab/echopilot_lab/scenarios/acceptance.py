"""Evaluation of figures against the criteria of a scenario: pass or fail, and a grade."""

import math
from dataclasses import dataclass

from echopilot_lab.scenarios.figures import Figures
from echopilot_lab.scenarios.model import Criteria
from echopilot_lab.trials.scores import REACHED_ANGLE_DEG, REACHED_OFFSET_MM

_NO_LATCH = ("latch", "none")


@dataclass(frozen=True)
class Verdict:
    """One criterion: what was asked, what came out, whether it is met, and a grade 0..1."""

    name: str
    asked: str
    found: str
    met: bool
    grade: float


def evaluate_criteria(figures: Figures, criteria: Criteria) -> tuple[Verdict, ...]:
    """One verdict for everything that the scenario asks for."""
    f, c = figures, criteria
    wanted = [
        _at_most("max_force_n", f.max_force_n, c.max_force_n, "N"),
        _at_most("force_rmse_n", f.force_rmse_n, c.force_rmse_n, "N"),
        _at_most("force_peak_error_n", f.force_peak_error_n, c.force_peak_error_n, "N"),
        _at_least("contact_share", f.contact_share, c.contact_share),
        _reached(f, c.reached),
        _at_most("within_s", f.seconds, c.within_s, "s"),
        _same("completed", f.completed, c.completed),
        _at_most("centring_mm", f.centring_mm, c.centring_mm, "mm"),
        _at_most("tracking_rmse_mm", f.tracking_rmse_mm, c.tracking_rmse_mm, "mm"),
        _same("retreated", f.retreated, c.retreated),
        _phases(f, c.phases),
        _suspicions(f, c.suspicions),
        _latch(f, c),
        _at_most("limit_crossings", float(f.limit_crossings), 0.0, ""),
    ]
    return tuple(verdict for verdict in wanted if verdict is not None)


def passed(verdicts: tuple[Verdict, ...]) -> bool:
    """Whether all criteria are met."""
    return all(verdict.met for verdict in verdicts)


def score(verdicts: tuple[Verdict, ...]) -> float:
    """Mean grade in percent of what the scenario asks for itself; 0 after a crossing of the hard limit.

    No latch and no crossing are asked for everywhere, and count only when they are missed.
    """
    if any(verdict.name == "limit_crossings" and not verdict.met for verdict in verdicts):
        return 0.0
    own = [v for v in verdicts if not v.met or not (v.name == "limit_crossings" or (v.name, v.asked) == _NO_LATCH)]
    return 100.0 * sum(verdict.grade for verdict in own) / len(own) if own else 100.0


def _at_most(name: str, value: float, limit: float | None, unit: str) -> Verdict | None:
    """Grade 1 at zero, one half at the limit, 0 at twice the limit and for what was not reached at all."""
    if limit is None:
        return None
    known = math.isfinite(value)
    share = value / limit if limit > 0.0 else 2.0 * float(value > 0.0)
    grade = min(max(1.0 - 0.5 * share, 0.0), 1.0) if known else 0.0
    return Verdict(name, f"<= {limit:g} {unit}".rstrip(), _text(value), known and value <= limit, grade)


def _at_least(name: str, value: float, limit: float | None) -> Verdict | None:
    if limit is None:
        return None
    met = math.isfinite(value) and value >= limit
    return Verdict(name, f">= {limit:g}", _text(value), met, value if math.isfinite(value) else 0.0)


def _same(name: str, value: bool, wanted: bool | None) -> Verdict | None:
    if wanted is None:
        return None
    return Verdict(name, _yes(wanted), _yes(value), value == wanted, float(value == wanted))


def _reached(f: Figures, wanted: bool | None) -> Verdict | None:
    if wanted is None:
        return None
    share = max(f.angle_deg / REACHED_ANGLE_DEG, f.offset_mm / REACHED_OFFSET_MM)
    known = math.isfinite(share)
    reached = known and share <= 1.0
    found = f"{_text(f.angle_deg)} deg, {_text(f.offset_mm)} mm"
    grade = min(max(1.0 - 0.5 * share, 0.0), 1.0) if known else 0.0
    asked = f"<= {REACHED_ANGLE_DEG:g} deg, {REACHED_OFFSET_MM:g} mm"
    return Verdict("reached", asked, found, reached == wanted, grade if wanted else 1.0 - grade)


def _phases(f: Figures, wanted: tuple[str, ...]) -> Verdict | None:
    if not wanted:
        return None
    entered = [phase for phase in wanted if phase in f.phases]
    share = len(entered) / len(wanted)
    return Verdict("phases", ", ".join(wanted), ", ".join(entered) or "none", share == 1.0, share)


def _suspicions(f: Figures, wanted: tuple[str, ...] | None) -> Verdict | None:
    if wanted is None:
        return None
    met = sorted(f.suspicions) == sorted(wanted)
    return Verdict("suspicions", ", ".join(wanted) or "none", ", ".join(f.suspicions) or "none", met, float(met))


def _latch(f: Figures, c: Criteria) -> Verdict:
    missing = set(c.latch) - set(f.latched)
    extra = set(f.latched) - set(c.latch) - set(c.latch_may)
    met = not missing and not extra
    return Verdict("latch", ", ".join(c.latch) or "none", ", ".join(f.latched) or "none", met, float(met))


def _text(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "-"


def _yes(value: bool) -> str:
    return "yes" if value else "no"

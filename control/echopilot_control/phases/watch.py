"""Takes what is new in the images into the memory of the goal, before any phase acts."""

import numpy as np

from echopilot_control.context import Context, Memory
from echopilot_core import ControlPhase, GoalKind, Tissue, View

_LUMEN_AREA_M2 = (4.0e-5, 8.0e-3)  # 7 mm to 100 mm across
_LUMEN_DEPTH_M = (0.025, 0.155)
_WEAK_COUPLING = 0.55
_RAISE_AFTER_NS = 1_500_000_000
_USABLE_M, _USABLE_RAD = 0.025, 0.45
_ENOUGH_FRAMES = 4
_SHOWS_ENOUGH = 0.08  # below, a rib or air hides the heart, and guidance is a guess whatever its sigma says
_FARTHEST_M = 0.080  # a target farther from its prior is an error

VIEW_PASSES = 0.5  # view probability of the gate
QUALITY_PASSES = 0.3


def follows_aorta(ctx: Context) -> bool:
    """True for goals whose target is the aortic lumen itself, seen from every pose near it."""
    return ctx.goal.kind is GoalKind.SWEEP or ctx.goal.view is View.AORTA_TRANS


def watch(ctx: Context, mem: Memory) -> None:
    """Update target, fused guidance, score and set-point from a fresh result."""
    seen = ctx.fresh
    if seen is None or ctx.T_at_frame is None:
        return
    mem.image_seen_ns = ctx.now_ns
    mem.score = float(seen.view_probability[int(mem.sought(ctx.goal))]) * float(seen.quality) ** 0.5
    if follows_aorta(ctx):
        _watch_lumen(ctx, mem)
    else:
        guidance = seen.guidance_to(mem.sought(ctx.goal))
        shown = seen.quality >= _SHOWS_ENOUGH
        if shown and guidance is not None and mem.fuser.update(seen.stamp_ns, ctx.T_at_frame, guidance):
            mem.seen_ns = ctx.now_ns
            if mem.phase is ControlPhase.REFINE:
                mem.homing.hear(ctx.T_at_frame, seen, guidance)
    if mem.score > mem.best_score and mem.phase in (ControlPhase.SEARCH, ControlPhase.REFINE):
        mem.best_score, mem.T_best = mem.score, ctx.T_at_frame
    _raise_force(ctx, mem)


def _watch_lumen(ctx: Context, mem: Memory) -> None:
    seen, T_at_frame = ctx.fresh, ctx.T_at_frame
    lumen = seen.extent(Tissue.AO_LUMEN) if seen is not None else None
    if seen is None or T_at_frame is None or lumen is None:
        return
    inside = (
        _LUMEN_AREA_M2[0] < lumen.area_m2 < _LUMEN_AREA_M2[1]
        and _LUMEN_DEPTH_M[0] < lumen.centroid_y_m < _LUMEN_DEPTH_M[1]
        and np.isfinite(lumen.centroid_x_m)
        and np.isfinite(lumen.sigma_m2)
    )
    if inside:
        sigma_m = 0.002 + 0.25 * float(np.sqrt(max(lumen.sigma_m2, 0.0)))
        mem.target.update(seen.stamp_ns, T_at_frame, lumen.centroid_x_m, lumen.centroid_y_m, sigma_m)
        mem.seen_ns = ctx.now_ns


def believed(ctx: Context, mem: Memory) -> bool:
    """True while the target is known well enough to servo on it."""
    if ctx.now_ns - mem.seen_ns > 700_000_000:
        return False
    if follows_aorta(ctx):
        estimate = mem.target.now(ctx.now_ns, ctx.T)
        return estimate is not None and estimate.sigma_x_m < _USABLE_M
    if mem.fuser.T_base_target is None or mem.fuser.count < _ENOUGH_FRAMES:
        return False
    if mem.start is not None:
        away = mem.fuser.T_base_target[:3, 3] - mem.start.T_base_probe[:3, 3]
        if float(away @ away) > _FARTHEST_M**2:
            return False
    sigma = mem.fuser.sigma
    return bool(sigma[:3].max() < _USABLE_M and sigma[3:].max() < _USABLE_RAD)


def gate_passes(ctx: Context) -> bool:
    """The newest frame shows the goal's view in sufficient quality."""
    seen = ctx.seen
    if seen is None:
        return False
    return float(seen.view_probability[int(ctx.goal.view)]) >= VIEW_PASSES and seen.quality >= QUALITY_PASSES


def _raise_force(ctx: Context, mem: Memory) -> None:
    weak = ctx.seen is not None and float(np.mean(ctx.seen.coupling)) < _WEAK_COUPLING
    steady = abs(ctx.force_n - mem.setpoint_n) < 1.0
    imaging = mem.phase in (ControlPhase.SEARCH, ControlPhase.REFINE, ControlPhase.SWEEP)
    if not (weak and steady and imaging):
        mem.weak_since_ns = -1
        return
    if mem.weak_since_ns < 0:
        mem.weak_since_ns = ctx.now_ns
    if ctx.now_ns - mem.weak_since_ns > _RAISE_AFTER_NS:
        mem.setpoint_n = min(mem.setpoint_n + 1.0, ctx.row.setpoint_max_n)
        mem.weak_since_ns = -1

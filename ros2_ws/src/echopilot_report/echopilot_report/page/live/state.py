"""State of the graph as messages to the page, and log lines for its changes."""

from collections.abc import Iterable
from dataclasses import dataclass

from echopilot_core import (
    EJECTION_FRACTIONS,
    ControlStatus,
    ExamPhase,
    ExamStatus,
    Finding,
    GateStatus,
    Measurement,
    RobotState,
    SafetyMode,
    SafetyState,
    View,
    ViewResult,
)
from echopilot_core.robot import HARD_LIMIT_N
from echopilot_report.page.live.messages import log_line, message, rounded

LEVELS = {
    ExamPhase.ABORTED: "alarm",
    ExamPhase.SAFETY_STOPPED: "alarm",
    ExamPhase.OPERATOR_STOPPED: "warn",
    ExamPhase.DONE: "good",
}
"""Of the log line about a state; "info" for all others."""


@dataclass(frozen=True)
class Now:
    """State of the graph at one instant; None for states never received. Ages in wall time, NaN when unknown."""

    exam: ExamStatus | None
    control: ControlStatus | None
    safety: SafetyState | None
    robot: RobotState | None
    peak_force_n: float  # since the last message
    robot_age_s: float
    frames_per_s: float
    time_factor: float  # simulated or robot seconds per wall second
    frozen: bool
    pose: dict[str, object] | None


def state_message(now: Now) -> str:
    """The message `state`."""
    exam, control, safety, robot = now.exam, now.control, now.safety, now.robot
    return message(
        "state",
        exam=exam
        and {
            "active": exam.active,
            "state": exam.phase.name,
            "step": exam.step_index,
            "steps": exam.steps_total,
            "view": exam.view.name,
            "waits": exam.waiting_for,
            "progress": rounded(exam.progress, 3),
            "message": exam.message,
            "suspicions": [{"what": s.kind.name, "outcome": s.outcome.name, "text": s.text} for s in exam.suspicions],
        },
        control=control
        and {
            "phase": control.phase.name,
            "detail": control.detail,
            "score": rounded(control.view_score, 2),
            "station_mm": rounded(control.station_m * 1e3, 0),
        },
        safety=safety and {"mode": safety.mode.name, "reasons": safety.reasons},
        force={
            "now": rounded(robot.contact_force_n, 2) if robot else None,
            "peak": rounded(now.peak_force_n, 2),
            "aim": rounded(control.force_setpoint_n, 1) if control else None,
            "cap": rounded(safety.soft_cap_n, 1) if safety else None,
            "trip": rounded(safety.trip_force_n, 1) if safety else None,
            "hard": HARD_LIMIT_N,
        },
        robot_mode=robot.mode.name if robot else None,
        robot_age_s=rounded(now.robot_age_s, 2),
        time_s=rounded(robot.stamp_ns * 1e-9, 2) if robot else None,
        frames_per_s=rounded(now.frames_per_s, 1),
        time_factor=rounded(now.time_factor, 2),
        frozen=now.frozen,
        pose=now.pose,
    )


def news(before: ExamStatus | None, after: ExamStatus) -> list[str]:
    """Log lines for changes of the exam between two messages."""
    lines = []
    if after.active and (before is None or not before.active):
        lines.append(log_line("exam begins"))
    if before is None or before.phase is not after.phase:
        text = after.phase.name.replace("_", " ").lower()
        named = f"{after.view.name} {text}" if after.view is not View.NONE and after.active else text
        has_more = after.message and (before is None or before.message != after.message)
        lines.append(log_line(f"{named}: {after.message}" if has_more else named, LEVELS.get(after.phase, "info")))
    return lines


def safety_news(before: SafetyState | None, after: SafetyState) -> list[str]:
    """Log lines for changes of the safety state."""
    if before is not None and (before.mode, before.reasons) == (after.mode, after.reasons):
        return []
    if before is None and after.mode is SafetyMode.OK:
        return []
    level = "good" if after.mode is SafetyMode.OK else "warn" if after.mode is SafetyMode.HOLD else "alarm"
    return [log_line(f"safety {after.mode.name} {', '.join(after.reasons)}".rstrip(), level)]


def finding_message(finding: Finding) -> str:
    """The message `finding`."""
    return message(
        "finding",
        what=finding.kind.name,
        probability=rounded(finding.probability, 2),
        view=finding.view.name,
        text=finding.text,
        borderline=finding.borderline,
    )


def measurement_message(measurement: Measurement) -> str:
    """The message `measurement`, in displayed units."""
    unit, scale, digits = {"m": ("mm", 1e3, 1), "m3": ("mL", 1e6, 0)}.get(measurement.unit, ("", 1.0, 2))
    if measurement.unit == "1" and measurement.name in EJECTION_FRACTIONS:
        unit, scale, digits = "%", 100.0, 0
    return message(
        "measurement",
        name=measurement.name,
        value=rounded(measurement.value * scale, digits),
        sigma=rounded(measurement.sigma * scale, digits),
        unit=unit,
        view=measurement.view.name,
        convention=measurement.convention.name,
        passed=measurement.gate is GateStatus.PASSED,
        gate_reason=measurement.gate_reason,
    )


def shot_message(done: ViewResult, image: str) -> str:
    """The message `shot`: the result of a step, with its packed image in base64 ("" without one)."""
    return message(
        "shot",
        view=done.view.name,
        outcome=done.outcome.name,
        score=rounded(done.score, 2),
        seconds=rounded(done.seconds, 0),
        detail=done.detail,
        image=image,
    )


def plan_message(title: str = "", steps: Iterable[tuple[View, str]] = ()) -> str:
    """The message `plan`: title, and view and kind of every step; both empty when the protocol is not known."""
    return message("plan", title=title, steps=[{"view": view.name, "what": kind} for view, kind in steps])

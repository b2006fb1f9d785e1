"""An exam cut into episodes for learning: one per goal of the controller, on a raster of constant rate."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import GoalKind, Outcome, View
from echopilot_exam.record.mcap_scan import McapScan
from echopilot_wire import from_frame, stamp_of

FRAME = "ultrasound_msgs/msg/UltrasoundFrame"
STATE, COMMAND, STATUS, EXAM = (
    f"echopilot_msgs/msg/{name}" for name in ("RobotState", "ProbeCommand", "ControlStatus", "ExamState")
)
TASKS = {GoalKind.ACQUIRE_VIEW: "Find the view {} and hold it", GoalKind.SWEEP: "Sweep along the vessel of {}"}
OLDEST_FRAME_NS = 500_000_000
STATE_NAMES = ("x", "y", "z", "qx", "qy", "qz", "qw", "contact_force", "depth")
SIDE = 384  # pixels of the square that every image is fitted into
ACTION_NAMES = ("vx", "vy", "vz", "wx", "wy", "wz", "force_setpoint")


@dataclass(frozen=True)
class Row:
    """What was known and done at one instant of the raster; SI units, poses and twists in `base`."""

    image: NDArray[np.uint8]  # (SIDE, SIDE)
    state: tuple[float, ...]  # STATE_NAMES
    action: tuple[float, ...]  # ACTION_NAMES


@dataclass(frozen=True)
class Episode:
    """One goal from its first to its last image."""

    task: str
    outcome: str  # name of the controller's last Outcome for it
    rows: tuple[Row, ...]


def episodes(path: Path, rate_hz: float) -> Iterator[Episode]:
    """Every goal of an exam.mcap that moved the probe; at each instant the newest image, state and command.

    Raises EchoPilotError when the file is no MCAP file.
    """
    period_ns = round(1e9 / rate_hz)
    newest: dict[str, Any] = {}
    outcomes: dict[int, Outcome] = {}
    goal: Any = None
    rows: list[Row] = []
    next_ns = 0
    for message in McapScan(path, (FRAME, STATE, COMMAND, STATUS, EXAM)):
        if message.type_name == STATUS:
            status = message.decoded
            outcomes[status.goal_id] = Outcome(status.outcome)
        elif message.type_name != EXAM:
            newest[message.type_name] = message
        else:
            exam = message.decoded
            if goal is not None and exam.goal.goal_id != goal.goal_id:
                yield from _finished(goal, rows, outcomes)
                rows, next_ns = [], 0
            goal = exam.goal
            now_ns = stamp_of(exam)
            if GoalKind(goal.kind) in TASKS and len(newest) == 3 and now_ns >= next_ns:
                row = _row(newest, now_ns)
                if row is not None:
                    rows.append(row)
                    next_ns = (next_ns or now_ns) + period_ns
    if goal is not None:
        yield from _finished(goal, rows, outcomes)


def _finished(goal: Any, rows: list[Row], outcomes: dict[int, Outcome]) -> Iterator[Episode]:
    if len(rows) >= 2:
        task = TASKS[GoalKind(goal.kind)].format(View(goal.view).name)
        yield Episode(task, outcomes.get(goal.goal_id, Outcome.RUNNING).name, tuple(rows))


def _row(newest: dict[str, Any], now_ns: int) -> Row | None:
    if now_ns - newest[FRAME].stamp_ns > OLDEST_FRAME_NS:
        return None
    robot, command = newest[STATE].decoded, newest[COMMAND].decoded
    pose, twist = robot.measured_cp, command.twist
    p, q, v, w = pose.position, pose.orientation, twist.linear, twist.angular
    frame = from_frame(newest[FRAME].decoded)
    return Row(
        image=fitted(frame.image),
        state=(p.x, p.y, p.z, q.x, q.y, q.z, q.w, -robot.measured_cf.force.z, frame.geometry.depth_m),
        action=(v.x, v.y, v.z, w.x, w.y, w.z, command.force_setpoint),
    )


def fitted(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image in a black square, as large as it fits: presets differ in size, learning wants one."""
    height, width = image.shape
    scale = SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    square = np.zeros((SIDE, SIDE), np.uint8)
    top, left = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    square[top : top + size[1], left : left + size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return square

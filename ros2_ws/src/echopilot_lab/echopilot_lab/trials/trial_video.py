"""One trial as a video: images with the network's outlines, beside force, probe position and state."""

from collections import deque
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.status import Status

from echopilot_core import BodyLandmarks, EchoPilotError, Frame, PerceptionResult, View
from echopilot_core.guarded.json_input import read_json
from echopilot_exam.goal_source import ExamDirective
from echopilot_exam.machine.states import ExamOutput
from echopilot_exam.protocol.protocol import load_protocol
from echopilot_lab.cli.shared import say_first_start
from echopilot_lab.replay.clip_results import fourcc, labels_inside, outlined, quiet_stderr
from echopilot_lab.simulated_loop import SimulatedTick
from echopilot_lab.trials.cohort import claim_trials, result_file, run_one
from echopilot_lab.trials.start_offset import USUAL, Starts
from echopilot_lab.trials.trial import FRAME_HZ
from echopilot_lab.util.owned_files import claim

Pixels = NDArray[np.uint8]
HEIGHT, OVERLAY_WIDTH, PANEL_WIDTH = 540, 600, 360
SPEED = 2.0  # of the video over the exam
VIDEO, VIDEO_HZ = "exam.webm", FRAME_HZ
TRACE_S, TRACE_TOP_N = 10.0, 20.0
TRACE = (16, 150, PANEL_WIDTH - 32, 120)  # left, top, width, height of the force trace ...
BARS = (16, 310)  # ... of the view bars ...
BODY = (16, 390, PANEL_WIDTH - 32, 135)  # ... and of the torso seen from above
WHITE, GRAY, GREEN, AMBER, RED, BLUE = (
    (235, 235, 235), (120, 120, 120), (120, 200, 120), (60, 170, 240), (80, 80, 230), (230, 170, 90),
)  # fmt: skip


def render_trial_video(seed: int, protocol: str, out: Path, console: Console, starts: Starts = USUAL) -> dict[str, Any]:
    """Run the exam of a seed again and leave it as OUT/PROTOCOL/SEED/exam.webm; returns its scores."""
    folder = out / load_protocol(protocol).name
    say_first_start(console)
    claim_trials(folder, [seed])
    claim(folder / str(seed), (VIDEO,))
    with console.status(f"exam of patient {seed}") as status:
        recorder = TrialVideo(f"virtual patient {seed}, simulated", status)
        run_one(protocol, folder, starts, seed, recorder.add)
        recorder.finish(folder / str(seed) / VIDEO)
    scores: dict[str, Any] = read_json(result_file(folder, seed), finite=False)
    console.print(
        f"{scores['simulated_s']:.0f} s of exam at {SPEED:.0f} times its speed -> {folder / str(seed) / VIDEO}"
    )
    return scores


class TrialVideo:
    """Takes the ticks of one exam, in order, and keeps a compressed image of every frame."""

    def __init__(self, title: str, status: Status) -> None:
        self._title, self._status = title, status
        self._forces: deque[tuple[float, float, float, float]] = deque()  # time [s], force, set-point, soft cap [N]
        self._path: list[NDArray[np.float64]] = []
        self._exam: ExamOutput | None = None
        self._images: list[tuple[int, Pixels]] = []  # stamp [ns]

    def add(self, tick: SimulatedTick) -> None:
        """Draw the frames of one tick."""
        if isinstance(tick.directive, ExamDirective):
            self._exam = tick.directive.output
        now_s, status = tick.robot.stamp_ns * 1e-9, tick.control.status
        force_n, cap_n = tick.robot.contact_force_n, tick.safety.state.soft_cap_n
        self._forces.append((now_s, force_n, status.force_setpoint_n, cap_n))
        while self._forces[0][0] < now_s - TRACE_S:
            self._forces.popleft()
        for frame, result in zip(tick.frames, tick.results, strict=True):
            self._path.append(tick.robot.T_base_probe[:3, 3].copy())
            image = np.hstack([_overlay(frame, result), self._panel(tick, result, now_s)])
            packed = np.asarray(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 92])[1])
            self._images.append((frame.stamp_ns, packed))
            self._status.update(f"{self._title}: {now_s:.0f} s of the exam")

    def finish(self, path: Path) -> None:
        """Write the video (VP8) at an even rate, whatever the rate of the frames was.

        Raises EchoPilotError where this OpenCV writes none.
        """
        size = (OVERLAY_WIDTH + PANEL_WIDTH, HEIGHT)
        with quiet_stderr():
            video = cv2.VideoWriter(str(path), fourcc("VP80"), VIDEO_HZ, size)
        if not video.isOpened():
            raise EchoPilotError("this OpenCV writes no VP8 video; install opencv-python-headless")
        for i, packed in enumerate(sampled := evenly(self._images, SPEED / VIDEO_HZ)):
            video.write(cv2.imdecode(packed, cv2.IMREAD_COLOR))
            self._status.update(f"video: {i + 1} of {len(sampled)} images")
        video.release()

    def _panel(self, tick: SimulatedTick, result: PerceptionResult, now_s: float) -> Pixels:
        panel = np.zeros((HEIGHT, PANEL_WIDTH, 3), np.uint8)
        _text(panel, self._title, (16, 26), WHITE, 0.5)
        _text(panel, f"{now_s:6.1f} s   force {tick.robot.contact_force_n:4.1f} N", (16, 52), WHITE, 0.5)
        if self._exam is not None:
            state = self._exam.state
            _text(panel, f"step {state.step_index + 1} of {state.steps_total}: {state.view.name}", (16, 78), BLUE, 0.5)
            _text(panel, state.phase.value, (16, 102), BLUE, 0.5)
        safety = tick.safety.state
        held = ", ".join(safety.reasons)[:44]
        _text(panel, f"safety {safety.mode.name} {held}", (16, 126), GREEN if not held else AMBER, 0.42)
        _trace(panel, list(self._forces), now_s, safety.trip_force_n)
        _bars(panel, result)
        _body(panel, self._path, tick.landmarks)
        return panel


def evenly(images: list[tuple[int, Pixels]], step_s: float) -> list[Pixels]:
    """The newest of stamped [ns] images at every step of time."""
    if not images:
        return []
    stamps = np.array([stamp_ns for stamp_ns, _ in images])
    times = np.arange(stamps[0], stamps[-1] + 1, round(step_s * 1e9))
    return [images[i][1] for i in np.searchsorted(stamps, times, side="right") - 1]


def _overlay(frame: Frame, result: PerceptionResult) -> Pixels:
    """The overlay, as large as fits."""
    image = outlined(frame, result, labels_inside(frame, result))
    scale = min(HEIGHT / image.shape[0], OVERLAY_WIDTH / image.shape[1])
    image = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    canvas = np.zeros((HEIGHT, OVERLAY_WIDTH, 3), np.uint8)
    top, left = (HEIGHT - image.shape[0]) // 2, (OVERLAY_WIDTH - image.shape[1]) // 2
    canvas[top : top + image.shape[0], left : left + image.shape[1]] = image
    return canvas


def _trace(panel: Pixels, forces: list[tuple[float, float, float, float]], now_s: float, trip_n: float) -> None:
    """Force, set-point and limits [N] over the last seconds."""
    left, top, width, height = TRACE
    rows = np.array(forces)
    across = left + width * (1.0 + (rows[:, 0] - now_s) / TRACE_S)
    cv2.rectangle(panel, (left, top), (left + width, top + height), GRAY, 1)
    for column, color in ((3, AMBER), (2, GREEN), (1, WHITE)):
        down = top + height * (1.0 - np.clip(rows[:, column], 0.0, TRACE_TOP_N) / TRACE_TOP_N)
        cv2.polylines(panel, [np.column_stack([across, down]).astype(np.int32)], False, color, 1, cv2.LINE_AA)
    trip = round(top + height * (1.0 - trip_n / TRACE_TOP_N))
    cv2.line(panel, (left, trip), (left + width, trip), RED, 1)
    _text(panel, "force, set-point, soft cap, trip: 0 to 20 N, 10 s", (left, top + height + 16), GRAY, 0.38)


def _bars(panel: Pixels, result: PerceptionResult) -> None:
    """The three likeliest views, and the quality."""
    left, top = BARS
    best = sorted(View, key=lambda view: -float(result.view_probability[view]))[:3]
    rows = [(view.name, float(result.view_probability[view])) for view in best] + [("quality", result.quality)]
    for i, (name, value) in enumerate(rows):
        y = top + 18 * i
        _text(panel, name, (left, y + 11), WHITE, 0.4)
        cv2.rectangle(panel, (left + 110, y + 1), (left + 110 + round(210 * value), y + 11), BLUE, -1)


def _body(panel: Pixels, path: list[NDArray[np.float64]], landmarks: BodyLandmarks) -> None:
    """Where the probe has been, between notch and navel, head to the left."""
    left, top, width, height = BODY
    cv2.rectangle(panel, (left, top), (left + width, top + height), GRAY, 1)
    along = landmarks.navel_m - landmarks.notch_m
    length_m = float(np.linalg.norm(along))
    along = along / length_m
    side = np.cross(np.array([0.0, 0.0, 1.0]), along)
    scale = 0.8 * width / length_m

    def at(point_m: NDArray[np.float64]) -> tuple[int, int]:
        offset = point_m - landmarks.notch_m
        return round(left + 0.1 * width + scale * float(offset @ along)), round(
            top + 0.5 * height + scale * float(offset @ side)
        )

    for point_m, name in ((landmarks.notch_m, "notch"), (landmarks.xiphoid_m, "xiphoid"), (landmarks.navel_m, "navel")):
        cv2.circle(panel, at(point_m), 3, GRAY, -1, cv2.LINE_AA)
        _text(panel, name, (at(point_m)[0] - 18, top + height - 6), GRAY, 0.36)
    inside = [np.clip(at(p), (left, top), (left + width, top + height)) for p in path]
    cv2.polylines(panel, [np.array(inside, np.int32)], False, AMBER, 1, cv2.LINE_AA)
    cv2.circle(panel, tuple(int(v) for v in inside[-1]), 5, WHITE, -1, cv2.LINE_AA)


def _text(panel: Pixels, text: str, at: tuple[int, int], color: tuple[int, int, int], size: float) -> None:
    cv2.putText(panel, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, color, 1, cv2.LINE_AA)

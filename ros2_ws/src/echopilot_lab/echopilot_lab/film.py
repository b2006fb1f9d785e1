"""One trial as a video: what the probe saw with what the network made of it, beside force, place and state."""

import json
from collections import deque
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.status import Status

from echopilot_core import BodyLandmarks, EchoPilotError, Frame, Seen, View
from echopilot_exam.protocol import load_protocol
from echopilot_exam.states import ExamOutput
from echopilot_lab.clip_results import fourcc, labels_inside, outlined, quiet_stderr
from echopilot_lab.cohort import result_file, run_one
from echopilot_lab.loop import LoopTick
from echopilot_lab.start_offset import USUAL, Starts
from echopilot_lab.trial import FRAME_HZ

Picture = NDArray[np.uint8]
HEIGHT, SEEN_WIDTH, PANEL_WIDTH = 540, 600, 360
SPEED = 2.0  # of the video over the exam
VIDEO_HZ = FRAME_HZ
TRACE_S, TRACE_TOP_N = 10.0, 20.0
TRACE = (16, 150, PANEL_WIDTH - 32, 120)  # left, top, width, height of the force trace ...
BARS = (16, 310)  # ... of the view bars ...
BODY = (16, 390, PANEL_WIDTH - 32, 135)  # ... and of the torso seen from above
WHITE, GREY, GREEN, AMBER, RED, BLUE = (
    (235, 235, 235), (120, 120, 120), (120, 200, 120), (60, 170, 240), (80, 80, 230), (230, 170, 90),
)  # fmt: skip


def film_trial(seed: int, protocol: str, out: Path, console: Console, starts: Starts = USUAL) -> dict[str, Any]:
    """Run the exam of a seed again and leave it as OUT/PROTOCOL/SEED/exam.webm; returns its scores."""
    folder = out / load_protocol(protocol).name
    with console.status(f"exam of patient {seed}") as status:
        film = Film(f"virtual patient {seed}, simulated", status)
        run_one(protocol, folder, starts, seed, film.add)
        film.finish(folder / str(seed) / "exam.webm")
    scores: dict[str, Any] = json.loads(result_file(folder, seed).read_text())
    console.print(
        f"{scores['simulated_s']:.0f} s of exam at {SPEED:.0f} times its speed -> {folder / str(seed) / 'exam.webm'}"
    )
    return scores


class Film:
    """Takes the ticks of one exam, in order, and keeps a compressed picture of every frame."""

    def __init__(self, title: str, status: Status) -> None:
        self._title, self._status = title, status
        self._forces: deque[tuple[float, float, float, float]] = deque()  # time [s], force, set-point, soft cap [N]
        self._path: list[NDArray[np.float64]] = []
        self._exam: ExamOutput | None = None
        self._pictures: list[tuple[int, Picture]] = []  # stamp [ns]

    def add(self, tick: LoopTick) -> None:
        """Draw the frames of one tick."""
        self._exam = tick.exam or self._exam
        now_s, status = tick.robot.stamp_ns * 1e-9, tick.control.status
        force_n, cap_n = tick.robot.contact_force_n, tick.safety.state.soft_cap_n
        self._forces.append((now_s, force_n, status.force_setpoint_n, cap_n))
        while self._forces[0][0] < now_s - TRACE_S:
            self._forces.popleft()
        for frame, seen in zip(tick.frames, tick.seen, strict=True):
            self._path.append(tick.robot.T_base_probe[:3, 3].copy())
            picture = np.hstack([_seen(frame, seen), self._panel(tick, seen, now_s)])
            packed = np.asarray(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 92])[1])
            self._pictures.append((frame.stamp_ns, packed))
            self._status.update(f"{self._title}: {now_s:.0f} s of the exam")

    def finish(self, path: Path) -> None:
        """Write the video (VP8) at an even rate, whatever the rate of the frames was.

        Raises EchoPilotError where this OpenCV writes none.
        """
        size = (SEEN_WIDTH + PANEL_WIDTH, HEIGHT)
        with quiet_stderr():
            video = cv2.VideoWriter(str(path), fourcc("VP80"), VIDEO_HZ, size)
        if not video.isOpened():
            raise EchoPilotError("this OpenCV writes no VP8 video; install opencv-python-headless")
        for i, packed in enumerate(shown := evenly(self._pictures, SPEED / VIDEO_HZ)):
            video.write(cv2.imdecode(packed, cv2.IMREAD_COLOR))
            self._status.update(f"video: {i + 1} of {len(shown)} pictures")
        video.release()

    def _panel(self, tick: LoopTick, seen: Seen, now_s: float) -> Picture:
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
        _bars(panel, seen)
        _body(panel, self._path, tick.landmarks)
        return panel


def evenly(pictures: list[tuple[int, Picture]], step_s: float) -> list[Picture]:
    """The newest of stamped [ns] pictures at every step of time."""
    if not pictures:
        return []
    stamps = np.array([stamp_ns for stamp_ns, _ in pictures])
    times = np.arange(stamps[0], stamps[-1] + 1, round(step_s * 1e9))
    return [pictures[i][1] for i in np.searchsorted(stamps, times, side="right") - 1]


def _seen(frame: Frame, seen: Seen) -> Picture:
    """The overlay, as large as fits."""
    picture = outlined(frame, seen, labels_inside(frame, seen))
    scale = min(HEIGHT / picture.shape[0], SEEN_WIDTH / picture.shape[1])
    picture = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    canvas = np.zeros((HEIGHT, SEEN_WIDTH, 3), np.uint8)
    top, left = (HEIGHT - picture.shape[0]) // 2, (SEEN_WIDTH - picture.shape[1]) // 2
    canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return canvas


def _trace(panel: Picture, forces: list[tuple[float, float, float, float]], now_s: float, trip_n: float) -> None:
    """Force, set-point and limits [N] over the last seconds."""
    left, top, width, height = TRACE
    rows = np.array(forces)
    across = left + width * (1.0 + (rows[:, 0] - now_s) / TRACE_S)
    cv2.rectangle(panel, (left, top), (left + width, top + height), GREY, 1)
    for column, colour in ((3, AMBER), (2, GREEN), (1, WHITE)):
        down = top + height * (1.0 - np.clip(rows[:, column], 0.0, TRACE_TOP_N) / TRACE_TOP_N)
        cv2.polylines(panel, [np.column_stack([across, down]).astype(np.int32)], False, colour, 1, cv2.LINE_AA)
    trip = round(top + height * (1.0 - trip_n / TRACE_TOP_N))
    cv2.line(panel, (left, trip), (left + width, trip), RED, 1)
    _text(panel, "force, set-point, soft cap, trip: 0 to 20 N, 10 s", (left, top + height + 16), GREY, 0.38)


def _bars(panel: Picture, seen: Seen) -> None:
    """The three likeliest views, and the quality."""
    left, top = BARS
    best = sorted(View, key=lambda view: -float(seen.view_probability[view]))[:3]
    rows = [(view.name, float(seen.view_probability[view])) for view in best] + [("quality", seen.quality)]
    for i, (name, value) in enumerate(rows):
        y = top + 18 * i
        _text(panel, name, (left, y + 11), WHITE, 0.4)
        cv2.rectangle(panel, (left + 110, y + 1), (left + 110 + round(210 * value), y + 11), BLUE, -1)


def _body(panel: Picture, path: list[NDArray[np.float64]], landmarks: BodyLandmarks) -> None:
    """Where the probe has been, between notch and navel, head to the left."""
    left, top, width, height = BODY
    cv2.rectangle(panel, (left, top), (left + width, top + height), GREY, 1)
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
        cv2.circle(panel, at(point_m), 3, GREY, -1, cv2.LINE_AA)
        _text(panel, name, (at(point_m)[0] - 18, top + height - 6), GREY, 0.36)
    inside = [np.clip(at(p), (left, top), (left + width, top + height)) for p in path]
    cv2.polylines(panel, [np.array(inside, np.int32)], False, AMBER, 1, cv2.LINE_AA)
    cv2.circle(panel, tuple(int(v) for v in inside[-1]), 5, WHITE, -1, cv2.LINE_AA)


def _text(panel: Picture, text: str, at: tuple[int, int], colour: tuple[int, int, int], size: float) -> None:
    cv2.putText(panel, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)

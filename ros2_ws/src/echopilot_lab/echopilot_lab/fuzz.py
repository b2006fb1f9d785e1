"""Run fuzz cases: each must end in one clear line or in a valid result, soon."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from echopilot_core import EchoPilotError, Frame, Seen
from echopilot_lab.fuzz_cases import Case, make_case
from echopilot_perception.frames import Clip, open_clip
from echopilot_perception.frames.checks import check
from echopilot_perception.pipeline import Perception

MAX_CPU_S = 8.0  # the JPEG-LS decoder takes 4 s to give up on some streams
SEEN_EVERY = 8  # files of which the first frame goes through the network too


@dataclass(frozen=True)
class Outcome:
    """How a case ended: `refused` with a clear line or not; `fault` is empty when all is well."""

    number: int
    what: str
    refused: bool
    fault: str
    cpu_s: float


def run_cases(seed: int, numbers: Iterable[int], perception: Perception, folder: Path) -> Iterator[Outcome]:
    """Run cases one by one; files are written into `folder` and removed again."""
    for number in numbers:
        case = make_case(seed, number)
        begin = time.process_time()
        refused, fault = False, ""
        try:
            _run(case, perception, folder)
        except EchoPilotError as error:
            refused, fault = True, _unclear(str(error))
        except Exception as error:  # what this looks for
            fault = f"{type(error).__name__}: {error}".splitlines()[0]
        spent_s = time.process_time() - begin
        if not fault and spent_s > MAX_CPU_S:
            fault = f"took {spent_s:.1f} s"
        yield Outcome(number, case.what, refused, fault, spent_s)


def _run(case: Case, perception: Perception, folder: Path) -> None:
    if case.frame is not None:
        _judge_seen(perception.see(case.frame), case.frame)
        return
    path = folder / case.name
    path.write_bytes(case.data)
    try:
        clip = open_clip(path)
    finally:
        path.unlink()
    _judge_clip(clip)
    frame = next(clip.frames())
    check(frame)
    if case.number % SEEN_EVERY == 0:
        _judge_seen(perception.see(frame), frame)


def _judge_clip(clip: Clip) -> None:
    images, times_s = clip.images, clip.frame_times_s
    assert images.ndim == 3 and images.dtype == np.uint8 and len(images) == len(times_s) > 0, "images and times"
    assert np.isfinite(times_s).all() and (np.diff(times_s) > 0).all(), "times"
    assert 0.0 < clip.frame_rate_hz < 1e6, "frame rate"


def _judge_seen(seen: Seen, frame: Frame) -> None:
    assert (seen.sequence, seen.stamp_ns) == (frame.sequence, frame.stamp_ns), "another frame"
    assert np.isfinite(seen.view_probability).all() and abs(float(seen.view_probability.sum()) - 1.0) < 1e-4, "views"
    assert 0.0 <= seen.quality <= 1.0 and 0.0 <= seen.ood_score <= 1.0, "quality or ood"
    assert ((seen.coupling >= 0.0) & (seen.coupling <= 1.0)).all(), "coupling"
    for extent in seen.extents:
        numbers = (extent.area_m2, extent.sigma_m2, extent.centroid_x_m, extent.centroid_y_m)
        assert np.isfinite(numbers).all() and extent.area_m2 > 0.0, f"extent of {extent.tissue.name}"
    for measurement in seen.measurements:
        assert np.isfinite(measurement.value), f"measurement {measurement.name}"
    for landmark in seen.landmarks:
        assert np.isfinite(landmark.position_m).all() and np.isfinite(landmark.covariance_m2).all(), landmark.name
    for row in seen.guidance:
        assert np.isfinite(row.motion).all() and (row.sigma > 0.0).all(), f"guidance to {row.view.name}"
    for box in seen.boxes:
        assert np.isfinite((box.score, box.left_m, box.top_m, box.right_m, box.bottom_m)).all(), f"box {box.kind}"


def _unclear(line: str) -> str:
    """Why a message is no clear line; empty when it is one."""
    if not line.strip() or "\n" in line:
        return f"refused without one clear line: {line!r}"
    return "" if len(line) < 400 else f"refused with {len(line)} characters"

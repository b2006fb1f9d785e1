"""Execution of fuzz cases: each must end in one clear line or in a valid result, soon."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from echopilot_core import EchoPilotError, Frame, PerceptionResult
from echopilot_lab.fuzzing.cases import Case, make_case
from echopilot_perception.frames import Clip, open_clip
from echopilot_perception.frames.checks import check
from echopilot_perception.pipeline import Perception

MAX_CPU_S = 8.0  # the JPEG-LS decoder takes 4 s to give up on some streams
PERCEIVED_EVERY = 8  # files of which the first frame goes through the network too


@dataclass(frozen=True)
class FuzzOutcome:
    """How a case ended: `refused` with a clear line or not; `fault` is empty when all is well."""

    number: int
    what: str
    refused: bool
    fault: str
    cpu_s: float
    reader: str = "clip or frame"
    peak_mb: float = 0.0  # of memory beyond what the process had before


def run_cases(seed: int, numbers: Iterable[int], perception: Perception, folder: Path) -> Iterator[FuzzOutcome]:
    """Run cases one by one; files are written into `folder` and removed again."""
    for number in numbers:
        case = make_case(seed, number)
        begin = time.process_time()
        refused, fault = False, ""
        try:
            _run(case, perception, folder)
        except EchoPilotError as error:
            refused, fault = True, unclear(str(error))
        except Exception as error:  # what this looks for
            fault = f"{type(error).__name__}: {error}".splitlines()[0]
        spent_s = time.process_time() - begin
        if not fault and spent_s > MAX_CPU_S:
            fault = f"took {spent_s:.1f} s"
        yield FuzzOutcome(number, case.what, refused, fault, spent_s)


def _run(case: Case, perception: Perception, folder: Path) -> None:
    if case.frame is not None:
        _check_result(perception.see(case.frame), case.frame)
        return
    path = folder / case.name
    path.write_bytes(case.data)
    try:
        clip = open_clip(path)
    finally:
        path.unlink()
    _check_clip(clip)
    frame = next(clip.frames())
    check(frame)
    if case.number % PERCEIVED_EVERY == 0:
        _check_result(perception.see(frame), frame)


def _check_clip(clip: Clip) -> None:
    images, times_s = clip.images, clip.frame_times_s
    assert images.ndim == 3 and images.dtype == np.uint8 and len(images) == len(times_s) > 0, "images and times"
    assert np.isfinite(times_s).all() and (np.diff(times_s) > 0).all(), "times"
    assert 0.0 < clip.frame_rate_hz < 1e6, "frame rate"


def _check_result(result: PerceptionResult, frame: Frame) -> None:
    assert (result.sequence, result.stamp_ns) == (frame.sequence, frame.stamp_ns), "another frame"
    assert np.isfinite(result.view_probability).all() and abs(float(result.view_probability.sum()) - 1.0) < 1e-4, (
        "views"
    )
    assert 0.0 <= result.quality <= 1.0 and 0.0 <= result.ood_score <= 1.0, "quality or ood"
    assert ((result.coupling >= 0.0) & (result.coupling <= 1.0)).all(), "coupling"
    for extent in result.extents:
        numbers = (extent.area_m2, extent.sigma_m2, extent.centroid_x_m, extent.centroid_y_m)
        assert np.isfinite(numbers).all() and extent.area_m2 > 0.0, f"extent of {extent.tissue.name}"
    for measurement in result.measurements:
        assert np.isfinite(measurement.value), f"measurement {measurement.name}"
    for landmark in result.landmarks:
        assert np.isfinite(landmark.position_m).all() and np.isfinite(landmark.covariance_m2).all(), landmark.name
    for row in result.guidance:
        assert np.isfinite(row.relative_pose_twist).all() and (row.sigma > 0.0).all(), f"guidance to {row.view.name}"
    for box in result.boxes:
        assert np.isfinite((box.score, box.left_m, box.top_m, box.right_m, box.bottom_m)).all(), f"box {box.kind}"


def unclear(line: str) -> str:
    """Why a message is no clear line; empty when it is one."""
    if not line.strip() or "\n" in line:
        return f"refused without one clear line: {line!r}"
    return "" if len(line) < 400 else f"refused with {len(line)} characters"

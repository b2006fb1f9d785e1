"""Summary of a clip: no length without a scale, no rate without frame times, no number without a named view."""

import json
import sys
from dataclasses import replace
from math import pi
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "exam"))

from exam_world import GEOMETRY, make_seen

from echopilot_core import (
    SCALE_UNKNOWN,
    FindingKind,
    Frame,
    ImagingParameters,
    Measurement,
    MeasurementName,
    PerceptionResult,
    SectorBox,
    View,
)
from echopilot_lab.replay.clip_results import ClipResults, annotated
from echopilot_perception.heads import HeadResults
from echopilot_perception.measure.frame import measure_frame, without_scale

SECTOR = SectorBox(20, 10, 300, 310)
NAME = MeasurementName.LV_VOLUME


def heart(k: int, rate_hz: float, ef: float = 0.3) -> PerceptionResult:
    """A frame of a heart at 75 beats a minute with a low ejection fraction."""
    volume = 1e-4 * (1.0 - 0.5 * ef * (1.0 - np.cos(2.0 * pi * 1.25 * k / rate_hz)))
    m = Measurement(NAME, volume, "m3", 3e-6, View.A4C, frame_sequences=(k,))
    seen = make_seen(k, round(k / rate_hz * 1e9), View.A4C)
    extents = tuple(replace(e, area_m2=e.area_m2 * (volume / 1e-4) ** (2 / 3)) for e in seen.extents)
    return replace(seen, measurements=(m,), extents=extents)


def summary_of(folder: Path, rate_hz: float = 30.0, times_known: bool = True, scale_known: bool = True) -> dict:
    folder.mkdir(exist_ok=True)
    results = ClipResults(folder, 30.0, times_known=times_known)
    imaging = ImagingParameters(preset="cardiac" if scale_known else SCALE_UNKNOWN)
    for k in range(round(5 * rate_hz)):
        seen = heart(k, rate_hz)
        if not scale_known:
            seen = replace(seen, measurements=without_scale(seen.measurements))
        results.add(Frame(seen.stamp_ns, k, np.zeros((320, 320), np.uint8), GEOMETRY, SECTOR, imaging), seen)
    return results.finish("clip", dropped=0)


def test_with_scale_and_times_there_are_fraction_and_rate(tmp_path: Path) -> None:
    found = summary_of(tmp_path)
    assert found["calibrated"] and found["frame_times_known"]
    assert found["ef_pct"] == pytest.approx(30.0, abs=1.5) and found["heart_rate_bpm"] == pytest.approx(75.0, abs=3.0)
    assert FindingKind.REDUCED_EF.name in [f["kind"] for f in found["findings"]]


def test_without_known_times_there_is_neither_rate_nor_fraction(tmp_path: Path) -> None:
    found = summary_of(tmp_path, times_known=False)
    assert not found["frame_times_known"] and found["ef_pct"] is None and found["heart_rate_bpm"] is None
    assert FindingKind.REDUCED_EF.name not in [f["kind"] for f in found["findings"]]


def test_too_slow_a_clip_says_so_in_words(tmp_path: Path) -> None:
    found = summary_of(tmp_path, rate_hz=12.0)
    assert found["ef_pct"] is None and any("frames a second are too few" in line for line in found["remarks"])
    assert FindingKind.REDUCED_EF.name not in [f["kind"] for f in found["findings"]]


def test_without_a_scale_there_are_no_areas_lengths_and_volumes(tmp_path: Path) -> None:
    found = summary_of(tmp_path, scale_known=False)
    assert not found["calibrated"] and found["ef_pct"] == pytest.approx(30.0, abs=1.5)
    for line in (tmp_path / "frames.jsonl").read_text().splitlines():
        row = json.loads(line)
        assert row["calibrated"] is False and row["measurements"] == []
        assert all(extent["area_mm2"] is None for extent in row["classes"].values())


def test_without_a_scale_the_overlay_says_so_in_words(tmp_path: Path) -> None:
    seen = heart(0, 30.0)
    images = []
    for preset in ("cardiac", SCALE_UNKNOWN):
        frame = Frame(0, 0, np.zeros((320, 320), np.uint8), GEOMETRY, SECTOR, ImagingParameters(preset=preset))
        images.append(annotated(frame, replace(seen, measurements=()), np.zeros((320, 320), np.uint8)))
    differing = np.abs(images[0].astype(int) - images[1].astype(int)).max(axis=2) > 60
    rows, columns = np.nonzero(differing)
    assert rows.min() > 280 and rows.max() < 302 and np.ptp(columns) > 250


def test_the_ejection_fraction_names_its_method(tmp_path: Path) -> None:
    assert "ratio" in summary_of(tmp_path, scale_known=False)["ef_method"]


@pytest.mark.parametrize("scale_known", [True, False])
def test_the_area_change_of_the_ventricle_needs_no_scale(tmp_path: Path, scale_known: bool) -> None:
    found = summary_of(tmp_path, scale_known=scale_known)
    assert found["fac_pct"] == pytest.approx(100.0 * (1.0 - 0.7 ** (2 / 3)), abs=1.5) and found["fac_view"] == "A4C"


def test_the_area_change_needs_a_named_view_known_times_and_enough_frames(tmp_path: Path) -> None:
    assert summary_of(tmp_path / "times", times_known=False)["fac_pct"] is None
    assert summary_of(tmp_path / "slow", rate_hz=12.0)["fac_pct"] is None
    unnamed = [replace(heart(k, 30.0), view_probability=np.eye(len(View))[View.NONE]) for k in range(150)]
    found, _ = written(tmp_path / "unnamed", unnamed)
    assert found["fac_pct"] is None and found["fac_view"] is None


def test_lengths_are_not_kept_without_a_scale() -> None:
    rows = [
        Measurement(name, 0.03 if name.unit == "m" else 1e-4, name.unit, 1e-3, View.A4C) for name in MeasurementName
    ]
    assert [m.name for m in without_scale(rows)] == [NAME]


def test_a_frame_that_shows_no_standard_view_has_no_number() -> None:
    probability = np.zeros(len(View))
    probability[View.NONE], probability[View.A4C] = 0.6, 0.4
    results = object.__new__(HeadResults)
    object.__setattr__(results, "view_probability", probability)
    assert measure_frame(results, np.zeros((128, 128), bool), 7) == ()


def written(folder: Path, seen: list[PerceptionResult]) -> tuple[dict, list[dict]]:
    """Summary and lines of a clip of these results."""
    folder.mkdir(exist_ok=True)
    results = ClipResults(folder, 30.0)
    for s in seen:
        results.add(Frame(s.stamp_ns, s.sequence, np.zeros((320, 320), np.uint8), GEOMETRY, SECTOR), s)
    summary = results.finish("clip", dropped=0)
    return summary, [json.loads(line) for line in (folder / "frames.jsonl").read_text().splitlines()]


def test_the_summary_tells_view_and_nearest_view_by_votes_of_whole_beats(tmp_path: Path) -> None:
    found, _ = written(tmp_path, [heart(k, 30.0) for k in range(150)])
    assert (found["view"], found["nearest_view"], found["foreign"]) == ("A4C", "A4C", False)
    assert found["voters"] == "beats" and found["beats"] == 6 and found["view_fraction"] == 1.0
    assert found["views"] == found["nearest_views"] == {"A4C": 150}


def test_a_clip_out_of_distribution_has_no_view_and_says_so(tmp_path: Path) -> None:
    found, lines = written(tmp_path, [replace(heart(k, 30.0), ood_score=0.95) for k in range(60)])
    assert found["view"] == "NONE" and found["foreign"] and found["ef_pct"] is None
    assert [f["kind"] for f in found["findings"]] == [FindingKind.WRONG_ORGAN.name]
    assert found["views"] == {"A4C": 60} and {line["view"] for line in lines} == {"A4C"}  # as the network said it


def test_fluid_that_frames_do_not_agree_on_has_no_depth(tmp_path: Path) -> None:
    depth = Measurement(MeasurementName.EFFUSION_DEPTH, 0.012, "m", 0.001, View.A4C)
    steady = [replace(heart(k, 30.0), measurements=(depth,)) for k in range(60)]
    once = [heart(k, 30.0) if k != 30 else steady[k] for k in range(60)]
    for name, seen, count in (("steady", steady, 60), ("once", once, 0)):
        (tmp_path / name).mkdir()
        _, lines = written(tmp_path / name, seen)
        assert sum(m["name"] == depth.name for line in lines for m in line["measurements"]) == count

"""Clips as an examination: the exam's own numbers and findings, and nothing that a clip cannot tell."""

import json
from dataclasses import replace
from math import isnan, pi
from pathlib import Path

import numpy as np
import pytest
from exam_world import GEOMETRY, make_frame, make_seen

from echopilot_core import (
    Box,
    ExamPhase,
    FindingKind,
    Frame,
    GateStatus,
    ImagingParameters,
    Measurement,
    MeasurementName,
    PerceptionResult,
    SectorBox,
    SegmentationClass,
    View,
)
from echopilot_exam.clips.clip_exam import MOST_FRAMES, ClipExam, ClipFacts, sector_alone
from echopilot_exam.clips.evaluate_clip import TIMES_UNKNOWN, evaluate_clip, gate_of_clip
from echopilot_exam.gate.acceptance_criteria import GATES
from echopilot_exam.gate.gate import evaluate_frame, evaluate_view
from echopilot_exam.measure.evaluate import evaluate_recording
from echopilot_exam.protocol.step import StepKind
from echopilot_exam.protocol.yaml_step import PROTOCOL_KEYS, read_step
from echopilot_exam.record import RecordHeader, read_exam
from echopilot_perception.anomaly import findings_of_clip
from echopilot_perception.measure.frame import without_scale

RATE_HZ = 30.0
HEADER = RecordHeader("clips-test", "clips", "", code_version="test")


def stamp(k: int) -> int:
    return round(k / RATE_HZ * 1e9)


def aorta(count: int = 90, widest_m: float = 0.044, good: bool = True, first: int = 0) -> list[PerceptionResult]:
    """A clip along an aorta that is widest for the middle third."""
    wide = range(count // 3, 2 * count // 3)
    return [
        make_seen(first + k, stamp(k), View.AORTA_TRANS, good=good, diameter_m=widest_m if k in wide else 0.022)
        for k in range(count)
    ]


def heart(view: View = View.A4C, count: int = 120, ef: float = 0.3) -> list[PerceptionResult]:
    """A beating ventricle at 75 beats a minute."""
    frames = []
    for k in range(count):
        volume = 1e-4 * (1.0 - 0.5 * ef * (1.0 - np.cos(2.0 * pi * 1.25 * k / RATE_HZ)))
        seen = make_seen(k, stamp(k), view, volume_m3=volume)
        scale = (volume / 1e-4) ** (2 / 3)
        extents = tuple(
            replace(e, area_m2=e.area_m2 * scale) if e.tissue is SegmentationClass.LV else e for e in seen.extents
        )
        frames.append(replace(seen, extents=extents))
    return frames


def root(diameter_m: float = 0.045) -> list[PerceptionResult]:
    """A PLAX clip with an aortic root of one size."""
    name = MeasurementName.AORTIC_ROOT

    def measured(k: int) -> PerceptionResult:
        m = Measurement(name, diameter_m, "m", 0.001, View.PLAX, name.convention, frame_sequences=(k,))
        return replace(make_seen(k, stamp(k), View.PLAX), measurements=(m,))

    return [measured(k) for k in range(90)]


def unscaled(frames: list[PerceptionResult]) -> list[PerceptionResult]:
    return [replace(s, measurements=without_scale(s.measurements)) for s in frames]


@pytest.mark.parametrize("frames", [root(), heart()], ids=["PLAX", "A4C"])
def test_numbers_and_findings_are_those_of_an_exam_on_the_same_frames(frames: list[PerceptionResult]) -> None:
    found = evaluate_clip(frames, True, True)
    gate = GATES[found.view.name]
    verdicts = [evaluate_frame(frame, gate) for frame in frames]
    exam = evaluate_recording(found.view, frames, verdicts, evaluate_view(verdicts, gate))
    assert exam.measurements and exam.findings
    assert [(m.name, m.value, m.sigma, m.frame_sequences) for m in found.evaluation.measurements] == [
        (m.name, m.value, m.sigma, m.frame_sequences) for m in exam.measurements
    ]
    assert found.evaluation.findings == exam.findings
    assert found.evaluation.series == exam.series


def test_the_widest_second_of_an_aorta_is_its_largest_diameter_and_raises_what_the_network_raises() -> None:
    frames = aorta()
    found = evaluate_clip(frames, True, True).evaluation
    (number,) = found.measurements
    assert number.name is MeasurementName.AORTA_MAX_OUTER_AP and number.value == pytest.approx(0.044)
    assert isnan(number.station_m) and isnan(number.obliquity_rad)
    (finding,) = found.findings
    (networks,) = findings_of_clip(frames)
    assert (finding.kind, finding.text) == (networks.kind, networks.text)
    assert finding.kind is FindingKind.ANEURYSM_ABDOMINAL


def test_a_single_wide_frame_is_no_diameter() -> None:
    frames = aorta(widest_m=0.022)
    frames[40] = make_seen(40, stamp(40), View.AORTA_TRANS, diameter_m=0.060)
    (number,) = evaluate_clip(frames, True, True).evaluation.measurements
    assert number.value == pytest.approx(0.022)


def test_without_a_scale_only_ratios_remain() -> None:
    for frames in (aorta(), root()):
        found = evaluate_clip(unscaled(frames), False, True)
        assert found.verdict.passed and not found.evaluation.measurements and not found.evaluation.findings
    found = evaluate_clip(unscaled(heart()), False, True).evaluation
    passed = {m.name: m for m in found.measurements if m.gate is GateStatus.PASSED}
    assert set(passed) == {MeasurementName.EF_SINGLE_PLANE_A4C}
    assert passed[MeasurementName.EF_SINGLE_PLANE_A4C].value == pytest.approx(0.3, abs=0.015)
    assert "area of the left ventricle changes by" in found.detail


def test_without_a_scale_the_gate_asks_for_structures_and_not_for_their_sizes() -> None:
    with_scale, without = gate_of_clip(View.A4C, True), gate_of_clip(View.A4C, False)
    assert with_scale == GATES["A4C"]
    assert [need.structure for need in without.required_structures] == [
        need.structure for need in with_scale.required_structures
    ]
    small = replace(heart()[0], extents=tuple(replace(e, area_m2=1e-6) for e in heart()[0].extents))
    assert not evaluate_frame(small, with_scale).passed and evaluate_frame(small, without).passed
    assert not evaluate_frame(replace(small, extents=()), without).passed


def test_without_frame_times_nothing_that_is_timed_is_told() -> None:
    found = evaluate_clip(heart(), True, False).evaluation
    timed = [m for m in found.measurements if m.unit == "1" or m.name.startswith("lv_")]
    assert timed and all(m.gate is GateStatus.REFUSED and m.gate_reason == TIMES_UNKNOWN for m in timed)
    assert not found.series and not found.findings and "area of the left" not in found.detail


def test_a_clip_that_the_gate_refuses_gives_nothing_of_the_body_and_says_what_is_withheld() -> None:
    frames = [replace(s, coupling=np.array([1.0] * 9 + [0.0] * 7)) for s in aorta()]
    found = evaluate_clip(frames, True, True)
    assert not found.verdict.passed and not found.evaluation.measurements and not found.evaluation.findings
    assert "gate refused" in found.evaluation.detail
    assert f"withheld with it: {FindingKind.ANEURYSM_ABDOMINAL.name}" in found.evaluation.detail


def test_a_foreign_clip_has_no_view_and_is_told_as_foreign() -> None:
    frames = [replace(s, ood_score=0.97) for s in heart()]
    found = evaluate_clip(frames, True, True)
    assert found.view is View.NONE and not found.evaluation.measurements
    assert [f.kind for f in found.evaluation.findings] == [FindingKind.WRONG_ORGAN]
    assert "unlike heart and aorta" in found.evaluation.detail


def test_a_thrombus_over_a_second_is_told_beside_the_diameter() -> None:
    box = Box(FindingKind.THROMBUS.name, 0.9, -0.01, 0.06, 0.01, 0.08)
    frames = [replace(s, boxes=(box,)) for s in aorta()]
    kinds = {f.kind for f in evaluate_clip(frames, True, True).evaluation.findings}
    assert kinds == {FindingKind.ANEURYSM_ABDOMINAL, FindingKind.THROMBUS}


def clip_frames(results: list[PerceptionResult]) -> list[Frame]:
    return [make_frame(seen) for seen in results]


def write_clips(folder: Path, *clips: tuple[ClipFacts, list[PerceptionResult]]) -> ClipExam:
    exam = ClipExam(folder, HEADER, {"clips.json": b"{}"})
    for facts, results in clips:
        frames = clip_frames(results)
        numbered = list(exam.numbered(frames))
        seen = [
            replace(
                s,
                sequence=f.sequence,
                stamp_ns=f.stamp_ns,
                measurements=tuple(replace(m, frame_sequences=(f.sequence,)) for m in s.measurements),
            )
            for s, f in zip(results, numbered, strict=True)
        ]
        exam.add(facts, exam.numbered(frames), seen)
    return exam


def test_the_record_of_clips_is_whole_and_holds_no_robot(tmp_path: Path) -> None:
    folder = tmp_path / "record"
    exam = write_clips(
        folder, (ClipFacts("a.dcm", True, True), aorta()), (ClipFacts("b.dcm", True, True, ("a remark",)), root())
    )
    exam.refuse("c.txt", "c.txt is not a clip")
    exam.finish()
    record = read_exam(folder)
    assert record.damaged == () and record.complete and record.state is ExamPhase.DONE
    assert record.trace == () and record.landmarks is None
    assert record.steps == ("AORTA_TRANS clip", "PLAX clip", "NONE clip")
    assert [r.accepted for r in record.results] == [True, True, False]
    assert {r.kind for r in record.results} == {StepKind.CLIP}
    assert "a.dcm" in record.results[0].detail and record.results[1].detail.endswith("a remark")
    assert record.results[2].detail == "c.txt is not a clip"
    sequences = [f.sequence for clip in record.clips for f in clip.frames]
    assert sequences == list(range(180)) and [s.sequence for s in record.perception] == sequences
    assert {f.kind for f in record.findings} == {FindingKind.ANEURYSM_ABDOMINAL, FindingKind.DILATED_ROOT}
    kept = {key.sequence for key in record.keyframes} | set(sequences)
    assert all(s in kept for m in record.measurements for s in m.frame_sequences)
    stamps = [s.stamp_ns for s in record.perception]
    assert stamps == sorted(set(stamps))


def test_apical_clips_are_taken_together_for_the_biplane_fraction(tmp_path: Path) -> None:
    exam = write_clips(
        tmp_path / "record",
        (ClipFacts("a", True, True), heart(View.A4C)),
        (ClipFacts("b", True, True), heart(View.A2C)),
    )
    exam.finish()
    first, second = read_exam(tmp_path / "record").results
    assert "biplane" not in first.detail
    assert "biplane EF: the volume in systole is not below" in second.detail  # the outlines of this world stand still


def test_a_long_clip_keeps_its_key_frames_alone(tmp_path: Path) -> None:
    exam = write_clips(
        tmp_path / "record",
        (ClipFacts("short", True, True), aorta()),
        (ClipFacts("long", True, True), aorta(MOST_FRAMES + 1)),
    )
    exam.finish()
    record = read_exam(tmp_path / "record")
    assert [len(clip.frames) for clip in record.clips] == [90]
    assert any(key.sequence >= 90 for key in record.keyframes)
    assert "key frames alone" in record.results[1].detail


def test_a_still_image_is_read_and_refused_for_its_length(tmp_path: Path) -> None:
    exam = write_clips(tmp_path / "record", (ClipFacts("still.png", False, False), unscaled(heart(count=1))))
    exam.finish()
    (result,) = read_exam(tmp_path / "record").results
    assert not result.accepted and "only 1 frames" in result.detail


def test_what_stands_beside_the_sector_is_not_kept() -> None:
    frame = Frame(0, 0, np.full((100, 120), 200, np.uint8), GEOMETRY, SectorBox(20, 10, 60, 90), ImagingParameters())
    image = sector_alone(frame).image
    assert image[10:90, 20:60].min() == 200 and int((image > 0).sum()) == 80 * 40
    assert frame.image.min() == 200


def test_no_protocol_can_ask_for_a_clip() -> None:
    step = {"view": "A4C", "kind": "clip", "preset": "cardiac", "force_n": 5.0, "timeout_s": 60, "gate": "A4C"}
    with pytest.raises(Exception, match="acquire, sweep"):
        read_step(step, PROTOCOL_KEYS, "step 1")


def test_the_file_names_and_hashes_of_the_clips_stay_with_the_record(tmp_path: Path) -> None:
    exam = ClipExam(tmp_path / "record", HEADER, {"clips.json": json.dumps({"sha256": {"a": "b"}}).encode()})
    exam.refuse("a", "a is empty")
    exam.finish()
    assert json.loads((tmp_path / "record/config/clips.json").read_text())["sha256"] == {"a": "b"}

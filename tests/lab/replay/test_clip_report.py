"""Clips become the report of an exam: the network's numbers on their frames, and plainly what they cannot tell."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pydicom
import pytest
from rich.console import Console
from typer.testing import CliRunner

from echopilot_core import EchoPilotError, FindingKind, Frame, MeasurementName, View
from echopilot_exam.record import read_exam
from echopilot_lab.cli.app import app
from echopilot_lab.patients.dicom_cine import write_dicom
from echopilot_lab.patients.reference_views import FRAME_HZ, cine_frame_states
from echopilot_lab.patients.video import write_mp4
from echopilot_lab.replay.examination import clip_files, report_clips
from echopilot_perception.anomaly import findings_of_clip
from echopilot_perception.anomaly.thresholds import SIZES
from echopilot_perception.frames import open_clip
from echopilot_perception.pipeline import Perception
from echopilot_sim.anatomy import build, named_patient
from echopilot_sim.bmode import Renderer

QUIET = Console(quiet=True)
REAL = Path(__file__).parents[4] / "shared/data/ultrasound/cardiac/a4c_cine_sonosite.dcm"
AORTA_FRAMES = slice(30, 100)  # of the sweep, around the bulge


@cache
def rendered(name: str, view: View) -> tuple[Frame, ...]:
    """A clip of a named patient."""
    anatomy = build(named_patient(name))
    renderer = Renderer(anatomy, "fast")
    states = cine_frame_states(anatomy, view)[1]
    return tuple(renderer.render(state) for state in (states[AORTA_FRAMES] if view is View.AORTA_TRANS else states))


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PLAX clip with a wide root and a sweep over an aneurysm, each as DICOM and as MP4."""
    folder = tmp_path_factory.mktemp("clips")
    for stem, name, view in (("plax", "dilated_root", View.PLAX), ("aorta", "aaa_small", View.AORTA_TRANS)):
        frames = rendered(name, view)
        write_dicom(folder / f"{stem}.dcm", frames, FRAME_HZ, name, view.name)
        write_mp4(folder / f"{stem}.mp4", [np.repeat(f.image[:, :, None], 3, axis=2) for f in frames], FRAME_HZ)
    return folder


@pytest.fixture(scope="module")
def written(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of both clips as DICOM."""
    out = tmp_path_factory.mktemp("report") / "out"
    report_clips([str(clips / "plax.dcm"), str(clips / "aorta.dcm")], out, QUIET)
    return out


def numbers_of(out: Path) -> dict[str, dict]:
    return {row["name"]: row for row in json.loads((out / "report.json").read_text())["numbers"]}


def test_findings_and_numbers_are_those_of_the_network_on_the_same_frames(clips: Path, written: Path) -> None:
    record = read_exam(written)
    assert {f.kind for f in record.findings} >= {FindingKind.DILATED_ROOT, FindingKind.ANEURYSM_ABDOMINAL}
    perception = Perception()
    for stem, kind, name in (
        ("plax", FindingKind.DILATED_ROOT, MeasurementName.AORTIC_ROOT),
        ("aorta", FindingKind.ANEURYSM_ABDOMINAL, MeasurementName.AORTA_MAX_OUTER_AP),
    ):
        results = [perception.see(frame) for frame in open_clip(clips / f"{stem}.dcm").frames()]
        (networks,) = (f for f in findings_of_clip(results) if f.kind is kind)
        told = next(f for f in record.findings if f.kind is kind)
        number = next(m for m in record.measurements if m.name is name)
        assert f"{1e3 * number.value:.1f} mm" in told.text
        single = MeasurementName.AORTA_OUTER_AP if stem == "aorta" else name
        values = {s.sequence: m.value for s in results for m in s.measurements if m.name is single}
        first = record.clips[0 if stem == "plax" else 1].frames[0].sequence
        used = [values[sequence - first] for sequence in number.frame_sequences]
        assert number.value == pytest.approx(float(np.median(used)), abs=1.5e-4)
        if stem == "aorta":
            assert told.text == networks.text
    perception.close()


def sized(summary: dict) -> list[str]:
    """Findings of a size, which need a scale."""
    kinds = [finding["kind"] for clip in summary["clips"] for finding in clip["findings"]]
    return [kind for kind in kinds if FindingKind[kind] in SIZES]


def test_the_report_has_every_file_of_an_exam_and_shows_its_frames(written: Path) -> None:
    for name in ("report.html", "report.json", "fhir.json", "summary.json", "exam.json"):
        assert (written / name).is_file(), name
    numbers = numbers_of(written)
    assert numbers["aortic_root"]["value"] > 40.0 and numbers["aorta_max_outer_ap"]["value"] > 30.0
    assert numbers["aorta_max_outer_ap"]["tilt_deg"] is None and numbers["aorta_max_outer_ap"]["force_n"] is None
    page = (written / "report.html").read_text()
    assert "plax.dcm" in page and "tilt unknown, not corrected" in page and "probe force not recorded" in page
    structured = pydicom.dcmread(written / "dicom/measurements.dcm")
    assert structured.SOPClassUID == pydicom.uid.ComprehensiveSRStorage
    clip = pydicom.dcmread(next((written / "dicom").glob("clip_01*.dcm")))
    assert clip.BurnedInAnnotation == "YES" and clip.ImageType[0] == "DERIVED"
    assert "LossyImageCompression" not in clip and clip.StudyDescription == "Ultrasound clips"


def test_what_clips_cannot_tell_is_said(written: Path) -> None:
    told = " ".join(json.loads((written / "report.json").read_text())["not_seen"])
    assert "without a robot: there are no forces and no poses" in told
    assert "Apical four-chamber" in told and "In no clip was one of these views recognized" in told
    assert "Ejection fraction: in no clip was a view recognized that shows it" in told
    assert "not part of this protocol" not in told


def test_videos_without_a_scale_give_no_lengths_and_a_stated_depth_gives_them(clips: Path, tmp_path: Path) -> None:
    names = [str(clips / "plax.mp4"), str(clips / "aorta.mp4")]
    found = report_clips(names, tmp_path / "none", QUIET)
    assert [clip["calibrated"] for clip in found["clips"]] == [False, False]
    assert [clip["view"] for clip in found["clips"]] == ["PLAX", "AORTA_TRANS"]
    assert found["numbers"] == [] and not sized(found)
    page = (tmp_path / "none/report.html").read_text()
    assert "no lengths, areas or volumes" in page
    assert "Aortic diameter: the clips that show it have no known scale" in page
    depth_m = rendered("aaa_small", View.AORTA_TRANS)[0].geometry.depth_m
    report_clips([names[1]], tmp_path / "depth", QUIET, depth_m)
    with_depth = numbers_of(tmp_path / "depth")["aorta_max_outer_ap"]["value"]
    report_clips([str(clips / "aorta.dcm")], tmp_path / "dicom", QUIET)
    assert with_depth == pytest.approx(numbers_of(tmp_path / "dicom")["aorta_max_outer_ap"]["value"], abs=1.0)


def test_a_refused_file_does_not_stop_the_others_and_stands_in_the_report(clips: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.dcm"
    broken.write_bytes((clips / "plax.dcm").read_bytes()[:5000])
    result = CliRunner().invoke(
        app, ["replay", str(broken), str(clips / "aorta.dcm"), "--report", "--out", str(tmp_path / "out")]
    )
    assert result.exit_code == 1, result.output
    found = json.loads((tmp_path / "out/summary.json").read_text())
    assert [row["clip"] for row in found["refused"]] == ["broken.dcm"] and len(found["clips"]) == 1
    assert "broken.dcm" in " ".join(json.loads((tmp_path / "out/report.json").read_text())["not_seen"])
    assert "aorta_max_outer_ap" in numbers_of(tmp_path / "out")


def test_without_any_clip_there_is_no_report(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(b"nothing")
    with pytest.raises(EchoPilotError, match="no clip could be read"):
        report_clips([str(tmp_path / "a.dcm")], tmp_path / "out", QUIET)
    (tmp_path / "empty").mkdir()
    with pytest.raises(EchoPilotError, match="holds no clip"):
        report_clips([str(tmp_path / "empty")], tmp_path / "out", QUIET)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "more", [["b.dcm"], ["--patient-id", "P"], ["--report", "--masks"]], ids=["two clips", "patient", "masks"]
)
def test_options_that_do_not_fit_together_are_refused_in_one_line(clips: Path, tmp_path: Path, more: list[str]) -> None:
    result = CliRunner().invoke(app, ["replay", str(clips / "plax.dcm"), *more, "--out", str(tmp_path / "out")])
    assert result.exit_code == 2 and "--report" in result.output and not (tmp_path / "out").exists()


def test_the_folder_of_an_examination_is_its_clips(clips: Path, tmp_path: Path) -> None:
    def put(name: str, source: str = "plax.dcm") -> Path:
        path = tmp_path / "exam" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((clips / source).read_bytes() if source else b"text")
        return path

    for name, source in (("IM10.dcm", "plax.dcm"), ("IM2.dcm", "aorta.dcm"), ("s/a.mp4", "aorta.mp4"), ("r.txt", "")):
        put(name, source)
    report = pydicom.dcmread(clips / "plax.dcm")
    for keyword in ("PixelData", "Rows", "Columns", "NumberOfFrames"):
        delattr(report, keyword)
    report.save_as(tmp_path / "exam/SR.dcm")
    assert [f.name for f in clip_files([str(tmp_path / "exam")])] == ["IM2.dcm", "IM10.dcm", "s/a.mp4"]
    both = clip_files([str(tmp_path / "exam/IM2.dcm"), str(put("t/IM2.dcm"))])
    assert [f.name for f in both] == ["exam/IM2.dcm", "t/IM2.dcm"]
    (tmp_path / "exam/t/IM2.dcm").unlink()
    twice = clip_files([str(tmp_path / "exam"), str(tmp_path / "exam/IM2.dcm")])
    assert len(twice) == 3


def test_numbered_images_and_a_series_of_single_images_are_one_clip(
    tmp_path: Path, make_images: Callable[[Path], None]
) -> None:
    make_images(tmp_path / "frames")
    assert [f.path for f in clip_files([str(tmp_path / "frames")])] == [tmp_path / "frames"]


@pytest.fixture
def make_images() -> Callable[[Path], None]:
    import cv2

    def make(folder: Path) -> None:
        folder.mkdir()
        for k in range(3):
            cv2.imwrite(str(folder / f"{k}.png"), np.full((64, 64), 9, np.uint8))

    return make


def test_a_real_clip_says_what_it_cannot_tell(tmp_path: Path) -> None:
    if not REAL.is_file():
        pytest.skip("no real clip in shared/data")
    found = report_clips([str(REAL)], tmp_path / "out", QUIET)
    (clip,) = found["clips"]
    assert clip["nearest_view"] == "A4C"
    told = " ".join(json.loads((tmp_path / "out/report.json").read_text())["not_seen"])
    assert "no forces and no poses" in told and "Abdominal aorta, transverse" in told
    page = (tmp_path / "out/report.html").read_text()
    if not clip["accepted"]:
        assert "No statement: no view passed the quality gate" in page and "raised no suspicion" not in page

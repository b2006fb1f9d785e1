"""`echopilot calibrate`: real recordings give the residuals they should, poor input one line and no file."""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from echopilot_control.calibration import read_record
from echopilot_core import EchoPilotError, se3
from echopilot_lab.calibration.tracked_sequence import read_tracked
from echopilot_lab.cli.app import app

DATA = Path(__file__).parents[4] / "shared" / "data" / "ultrasound" / "phantom"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the shared phantom recordings are not on this machine")
NWIRES = DATA / "fCal_Test_Calibration_3NWires_fCal2.0.igs.mha"
WIRES = DATA / "fcal2_nwire_geometry.json"
SPINE = DATA / "SpinePhantomFreehand.igs.mha"
TANK = DATA / "WaterTankBottomTranslationVideoBuffer.igs.mha"
TANK_POSES = DATA / "WaterTankBottomTranslationTrackerBuffer-trimmed.igs.mha"
MONTH = timedelta(days=30)


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["calibrate", *(str(a) for a in arguments)])
    assert result.exit_code == 0, result.output
    return result.output


def refused(out: Path, *arguments: object) -> str:
    """The one line of a command that must be refused without leaving a file."""
    result = CliRunner().invoke(app, ["calibrate", *(str(a) for a in arguments), "--out", str(out)])
    assert result.exit_code == 2, result.output
    lines = [line for line in result.output.splitlines() if line.strip()]
    assert len(lines) == 1, result.output
    assert not out.exists() and not out.with_suffix(".png").exists()
    return lines[0]


@needs_data
def test_the_real_n_wire_recording_calibrates_its_probe(tmp_path: Path) -> None:
    out, figures = tmp_path / "probe.json", tmp_path / "figures.json"
    run("probe", NWIRES, "--wires", WIRES, "--face-px", 410, -5, "--out", out, "--json", figures)
    record = read_record(out, "probe", datetime.now(timezone.utc), MONTH)
    told = json.loads(figures.read_text())["residuals"]
    assert told == record.residuals
    assert told["frames"]["kept"] > 150
    assert told["in_plane_rms_mm"] < 0.5
    assert told["unseen_fifths_in_plane_rms_mm"] < 0.6
    assert told["out_of_plane_rms_mm"] < 0.8
    assert max(told["wires_rms_mm"].values()) < 0.6
    assert np.abs(told["spacing_against_earlier_pct"]).max() < 1.0
    T_marker_probe = np.array(record.values["T_marker_probe"])
    assert se3.is_rigid(T_marker_probe)
    assert np.linalg.norm(T_marker_probe[:3, 3]) < 0.1
    assert Image.open(out.with_suffix(".png")).size == (1180, 520)
    with pytest.raises(EchoPilotError, match="days old"):
        read_record(out, "probe", datetime.now(timezone.utc) + 2 * MONTH, MONTH)


@needs_data
def test_the_real_water_tank_tells_how_late_its_pictures_are(tmp_path: Path) -> None:
    out = tmp_path / "time.json"
    run("time", TANK, TANK_POSES, "--out", out)
    record = read_record(out, "time", datetime.now(timezone.utc), MONTH)
    assert record.values["image_delay_s"] == pytest.approx(0.065, abs=0.01)
    assert abs(record.residuals["correlation"]) > 0.97
    assert record.residuals["sigma_s"] < 5e-3
    assert out.with_suffix(".png").stat().st_size > 10_000


@needs_data
def test_recordings_of_something_else_are_refused(tmp_path: Path) -> None:
    out = tmp_path / "x.json"
    assert "none of 21 frames" in refused(out, "probe", SPINE, "--wires", WIRES)
    assert "ProbeToTracker" in refused(out, "probe", SPINE, "--wires", WIRES, "--pose", "FlangeToBase")
    assert "signal" in refused(out, "time", SPINE, TANK_POSES)
    assert "DimSize" in refused(out, "time", TANK_POSES, TANK_POSES)


def sequence(path: Path, lines: str, size: str = "64 64 1") -> Path:
    """A sequence with black images and the given header lines."""
    images = bytes(int(np.prod([int(n) for n in size.split()])))
    head = f"ObjectType = Image\nNDims = 3\nDimSize = {size}\nElementType = MET_UCHAR\n{lines}ElementDataFile = LOCAL\n"
    path.write_bytes(head.encode("latin-1") + images)
    return path


def test_files_that_tell_too_little_are_refused(tmp_path: Path) -> None:
    out = tmp_path / "x.json"
    empty = sequence(tmp_path / "empty.mha", "")
    wires = tmp_path / "wires.json"
    assert "is not a file" in refused(out, "probe", tmp_path / "none.mha", "--wires", wires)
    for text, match in (("{}", "n_patterns"), ("[1]", "wires file"), ("{", "wires.json: line 1")):
        wires.write_text(text)
        assert match in refused(out, "probe", empty, "--wires", wires)
    assert "no poses 'ProbeToTracker'; it has none" in refused(out, "time", empty, empty)
    odd = sequence(tmp_path / "odd.mha", "DimSize = 64 64 \xb2\nSeq_Transform = 1\n")
    assert "DimSize" in refused(out, "time", odd, odd)
    text = tmp_path / "notes.mha"
    text.write_text("notes")
    assert "not a MetaImage" in refused(out, "time", text, text)


@needs_data
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("phantom_to_reference", [[1, 0], [0, 1]]),
        ("phantom_to_reference", np.diag([1.0, 1.0, -1.0, 1.0]).tolist()),
        ("phantom_registration_error_mm", float("nan")),
        ("pixel_spacing_mm_from_an_earlier_calibration", {"x": 0, "y": 0.07}),
        ("n_patterns", [["G1_g1", "L1_h1", "other"]]),
        ("n_patterns", [["G1_g1", "L1_h1", "M1_m1"]]),
        ("n_patterns", []),
        ("wires_front_back", [1, 2]),
    ],
)
def test_a_damaged_wires_file_is_refused(tmp_path: Path, key: str, value: object) -> None:
    wires = tmp_path / "wires.json"
    wires.write_text(json.dumps({**json.loads(WIRES.read_text()), key: value}))
    refused(tmp_path / "x.json", "probe", SPINE, "--wires", wires)


def test_results_are_written_to_json_files_alone(tmp_path: Path) -> None:
    assert "ends in .json" in refused(tmp_path / "x.png", "time", "a.mha", "b.mha")
    assert "face" in refused(tmp_path / "x.json", "probe", "a.mha", "--wires", "b.json", "--face-px", "nan", 0)


def test_poses_are_meters_and_those_called_invalid_are_left_out(tmp_path: Path) -> None:
    good = "Seq_Frame{k}_AToBTransform = 1 0 0 10 0 1 0 20 0 0 1 30 0 0 0 1\nSeq_Frame{k}_AToBTransformStatus = {s}\n"
    lines = good.format(k="0000", s="OK") + good.format(k="0001", s="MISSING")
    lines += "Seq_Frame0002_AToBTransform = 2 0 0 10 0 1 0 20 0 0 1 30 0 0 0 1\nSeq_Frame0003_AToBTransform = 1 0 x\n"
    T, valid = read_tracked(sequence(tmp_path / "a.mha", lines, "64 64 5")).poses("AToB")
    assert valid.tolist() == [True, False, False, False, False]
    assert np.allclose(T[0, :3, 3], [0.01, 0.02, 0.03])

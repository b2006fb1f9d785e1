"""`echopilot replay` on clips of other programs, and where nothing can be written."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from echopilot_core import EchoPilotError
from echopilot_lab.cli.app import app
from echopilot_lab.fuzzing.files import made_files
from echopilot_lab.replay.clip import find_clip, is_recording

NAMES = ["animation.gif", "packed.nrrd", "converted.hdf5", "bag.mcap"]


@pytest.mark.parametrize("name", NAMES)
def test_a_clip_of_another_program_is_replayed_with_remarks(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(made_files()[name])
    result = CliRunner().invoke(app, ["replay", str(tmp_path / name), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["frames"] == 3 and summary["frame_times_known"]
    assert summary["calibrated"] == (name == "packed.nrrd")
    assert any("durations in the GIF" in remark for remark in summary["remarks"]) == (name == "animation.gif")


def test_a_topic_is_named_behind_the_bag(tmp_path: Path) -> None:
    path = tmp_path / "bag.mcap"
    path.write_bytes(made_files()["bag.mcap"])
    arguments = ["replay", f"{path}::/probe/image", "--out", str(tmp_path / "out")]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    result = CliRunner().invoke(app, ["replay", f"{path}::/other", "--out", str(tmp_path / "more")])
    assert result.exit_code == 2 and "choose one of: /probe/image" in result.output


def test_a_bag_with_images_is_a_clip_and_everything_else_in_mcap_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    path.write_bytes(made_files()["bag.mcap"])
    assert not is_recording(path)
    path.write_bytes(path.read_bytes()[:300])
    assert is_recording(path)  # one without end is read too
    assert not is_recording(tmp_path) and not is_recording(Path(f"{path}::/probe/image"))


def test_a_missing_clip_is_told_every_kind(tmp_path: Path) -> None:
    with pytest.raises(EchoPilotError, match=r"DICOM file, video, animation, image, MetaImage, NRRD.*'default'"):
        find_clip(str(tmp_path / "none.gif"))


@pytest.mark.parametrize("out", ["/proc/none/out", "{folder}/file/out", "/dev/null/out"])
def test_a_folder_that_cannot_be_written_is_named_in_one_line_without_a_number(out: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(made_files()["gray.png"])
    (tmp_path / "file").write_text("x")
    out = out.format(folder=tmp_path)
    result = CliRunner().invoke(app, ["replay", str(tmp_path / "a.png"), "--out", out])
    lines = [line for line in result.output.splitlines() if line.strip()]
    assert result.exit_code != 0 and len(lines) == 1, result.output
    assert out in lines[0] and "cannot be written" in lines[0]
    assert "Errno" not in lines[0] and "exam record" not in lines[0]

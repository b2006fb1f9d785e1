"""`echopilot replay` on a bad clip: exit code 2, one line, no results."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from echopilot_lab.cli.app import app
from echopilot_lab.fuzzing.files import made_files

BAD = {
    "text.mp4": b"this is not a clip\n" * 30,
    "text.png": b"this is not a clip\n" * 30,
    "text.mha": b"this is not a clip\n" * 30,
    "cut.avi": made_files()["clip.avi"][:4000],
    "cut.png": made_files()["gray.png"][:900],
    "cut.dcm": made_files()["jpeg.dcm"][:3000],
    "cut.mha": made_files()["packed.mha"][:3000],
    "other.dcm": made_files()["gray.png"],
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_clip_is_refused_in_one_line(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / name).write_bytes(BAD[name])
    result = CliRunner().invoke(app, ["replay", str(tmp_path / name), "--out", str(tmp_path / "out")])
    lines = [line for line in result.output.splitlines() if line.strip()]
    assert result.exit_code == 2 and len(lines) == 1 and name in lines[0], result.output
    assert not (tmp_path / "out").exists()
    noise = capfd.readouterr()
    assert not noise.out and not noise.err  # decoders in C keep quiet too

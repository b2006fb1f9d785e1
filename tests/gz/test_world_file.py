"""Name and patient of a world file: read from the shipped ones, refused in one line from anything else."""

from pathlib import Path

import pytest

from echopilot_core import EchoPilotError
from echopilot_gz.world_file import SHIPPED, read_world

PLUGIN = "<plugin name='p' filename='f'><module_name>echopilot_gz.patient_system</module_name>{}</plugin>"


@pytest.mark.parametrize("text", SHIPPED)
def test_shipped_worlds_have_a_name_and_a_patient(text: str) -> None:
    world = read_world(text)
    assert world.name == f"echopilot_{text}" and world.patient == "normal" and world.robot == "echopilot_arm"
    assert world.path.is_file()


def test_a_world_of_ones_own_with_defaults_for_what_it_leaves_out(tmp_path: Path) -> None:
    file = tmp_path / "own.sdf"
    file.write_text(
        f"<sdf version='1.9'><world name='own'>{PLUGIN.format('<patient> 600002 </patient>')}</world></sdf>"
    )
    assert (read_world(str(file)).name, read_world(str(file)).patient) == ("own", "600002")
    file.write_text(f"<sdf version='1.9'><world name='own'>{PLUGIN.format('')}</world></sdf>")
    assert read_world(str(file)).patient == "normal"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "choose bench, operating_theater"),
        ("no xml", "line 1"),
        ("<sdf version='1.9'><model name='m'/></sdf>", "no world with a name"),
        ("<sdf version='1.9'><world name='w'/></sdf>", "has no patient"),
    ],
)
def test_what_is_no_world_with_a_patient_is_refused(tmp_path: Path, text: str | None, says: str) -> None:
    file = tmp_path / "world.sdf"
    if text is not None:
        file.write_text(text)
    with pytest.raises(EchoPilotError, match=says) as caught:
        read_world(str(file))
    assert "\n" not in str(caught.value)

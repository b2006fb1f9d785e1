"""Models and worlds as Gazebo's own parser reads them."""

from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
import pytest

from echopilot_sim.arm.arm_models import FR3_LIKE, UR5E_LIKE, ArmModel

from .sdformat import DESCRIPTION, check, needs_sdformat, printed

MODELS = DESCRIPTION / "models"
FILES = sorted([*DESCRIPTION.glob("urdf/*.urdf"), *DESCRIPTION.glob("worlds/*.sdf"), *MODELS.glob("*/model.sdf")])
WORLDS = sorted(DESCRIPTION.glob("worlds/*.sdf"))
KEPT = ("base", "flange", "force_torque_sensor", "probe")
STEP_S = 1e-3


def test_there_are_models_and_worlds() -> None:
    assert len(FILES) >= 5 and {world.stem for world in WORLDS} == {"bench", "operating_theater"}


@needs_sdformat
@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_every_model_and_world_is_valid(file: Path) -> None:
    assert check(file, MODELS) == ""


@needs_sdformat
def test_a_file_that_is_wrong_is_called_wrong(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.sdf"
    wrong.write_text(WORLDS[0].read_text(encoding="utf-8").replace('name="floor_solid"', 'name="floor"'))
    assert "unique" in check(wrong, MODELS)


@needs_sdformat
@pytest.mark.parametrize("kind", [FR3_LIKE, UR5E_LIKE], ids=lambda kind: kind.name)
def test_links_and_joints_of_the_arm_survive_and_it_is_fixed_to_the_world(kind: ArmModel) -> None:
    model = printed(DESCRIPTION / kind.urdf, MODELS).find("model")
    assert model is not None
    links = {link.get("name"): link for link in model.findall("link")}
    joints = {joint.get("name"): joint for joint in model.findall("joint")}
    n = len(kind.posture_rad)
    assert set(links) == {*KEPT, *(f"link{i}" for i in range(n + 1))}
    fixed = {"world_joint", "base_mount", "flange_joint", "force_torque_sensor_mount", "probe_mount"}
    assert set(joints) == {*fixed, *(f"joint{i + 1}" for i in range(n))}
    assert {name for name, joint in joints.items() if joint.get("type") == "fixed"} == fixed
    assert (joints["world_joint"].findtext("parent"), joints["world_joint"].findtext("child")) == ("world", "base")
    assert joints["probe_mount"].find("sensor[@type='force_torque']") is not None
    assert _mass_kg(links["probe"]) == 0.45 and all(_mass_kg(links[name]) > 0.0 for name in KEPT)
    for name in (f"joint{i + 1}" for i in range(n)):
        assert joints[name].find("sensor[@type='force_torque']") is not None
        for limit in ("effort", "velocity"):
            assert float(joints[name].findtext(f"axis/limit/{limit}", "")) > 0.0
        assert float(joints[name].findtext("axis/dynamics/damping", "")) == 0.5
        assert float(joints[name].findtext("axis/dynamics/friction", "")) == 1.0


def _mass_kg(link: Element) -> float:
    return float(link.findtext("inertial/mass", ""))


@needs_sdformat
@pytest.mark.parametrize("file", WORLDS, ids=lambda file: file.stem)
def test_a_world_steps_by_1_ms_and_holds_the_patient_above_the_table_and_the_system(file: Path) -> None:
    world = printed(file, MODELS).find("world")
    assert world is not None
    assert float(world.findtext("physics/max_step_size", "")) == STEP_S
    patient = world.find("model[@name='echopilot_patient']")
    assert patient is not None and patient.find("link/collision") is None
    plugins = {plugin.get("name"): plugin for plugin in world.findall("plugin")}
    system = plugins["gz::sim::systems::PythonSystemLoader"]
    assert system.findtext("module_name") == "echopilot_gz.patient_system"
    assert {"gz::sim::systems::Physics", "gz::sim::systems::ForceTorque"} <= set(plugins)
    mast_m = _top_m(world, "robot_mast")
    bed_m = max(_top_m(world, name) for name in ("bench", "operating_table") if world.find(f"model[@name='{name}']"))
    assert float(patient.findtext("pose", "").split()[2]) == pytest.approx(mast_m) and 0.1 < mast_m - bed_m < 0.2


def _top_m(world: Element, name: str) -> float:
    """Height of the top of the boxes with which an arm or a patient could collide."""
    tops = []
    for link in world.findall(f"model[@name='{name}']/link"):
        size = link.findtext("collision/geometry/box/size")
        if size:
            tops.append(float(link.findtext("pose", "").split()[2]) + 0.5 * float(size.split()[2]))
    return float(np.max(tops))

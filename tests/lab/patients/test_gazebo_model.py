"""Gazebo models of patients: skins on which the contact law agrees, worlds with the patient that was asked for."""

from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from echopilot_core import EchoPilotError, se3
from echopilot_core.paths import share_file
from echopilot_lab.patients.gazebo_model import WORLDS, roll_pitch_yaw, wavefront, write_gazebo, write_model
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.anatomy.sampling.named_patients import named_patient
from echopilot_sim.anatomy.torso.skin import Skin
from echopilot_sim.anatomy.torso.skin_mesh import skin_mesh

SEED = 600_021


def test_the_mesh_is_closed_turned_outward_and_on_the_skin() -> None:
    patient = sample_patient(SEED)
    mesh = skin_mesh(patient)
    corners = np.round(mesh.points_m[mesh.triangles], 9)
    edges = [tuple(map(tuple, t[[i, (i + 1) % 3]])) for t in corners for i in range(3)]
    assert sorted(edges) == sorted((b, a) for a, b in edges)  # each edge is used once in each direction
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert ((faces * mesh.normals[mesh.triangles].mean(axis=1)).sum(axis=1) > 0.0).all()
    skin = Skin(patient.torso, patient.heart)
    side = np.abs(mesh.normals[:, 2]) < 0.9
    assert np.abs(skin.signed_distance(mesh.points_m[side], 0.5)).max() < 2e-4
    middle = corners[: side.sum()].mean(axis=1)
    assert np.abs(skin.signed_distance(middle, 0.5)).max() < 0.003


def test_the_shipped_model_is_the_patient_normal(tmp_path: Path) -> None:
    write_model(named_patient("normal"), "normal", tmp_path / "model")
    for file in ("model.config", "model.sdf"):
        shipped = share_file("echopilot_description", f"models/echopilot_patient/{file}").read_text(encoding="utf-8")
        assert (tmp_path / "model" / file).read_text(encoding="utf-8") == shipped
    meshes = [share_file("echopilot_description", "models/echopilot_patient/meshes/skin.obj")]
    meshes.append(tmp_path / "model" / "meshes" / "skin.obj")
    shipped_m, made_m = (
        np.array([line.split()[1:] for line in mesh.read_text().splitlines() if line[:2] == "v "], dtype=float)
        for mesh in meshes
    )
    assert made_m == pytest.approx(shipped_m, abs=2e-4)


def test_worlds_are_written_with_the_patient_that_was_asked_for(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_gazebo(SEED, "", out, Console(quiet=True))
    for world in WORLDS:
        text = (out / "worlds" / f"{world}.sdf").read_text(encoding="utf-8")
        assert f"<patient>{SEED}</patient>" in text and "normal</patient>" not in text
    assert (out / "models" / "echopilot_patient" / "meshes" / "skin.obj").stat().st_size < 200_000


def test_neither_or_both_of_seed_and_name_is_one_clear_line(tmp_path: Path) -> None:
    for seed, name in ((None, ""), (SEED, "normal")):
        with pytest.raises(EchoPilotError, match="--seed S and --name NAME"):
            write_gazebo(seed, name, tmp_path / "out", Console(quiet=True))
    assert not (tmp_path / "out").exists()


def test_angles_give_the_rotation_back() -> None:
    print("seed", SEED)
    rng = np.random.default_rng(SEED)
    for R in [se3.so3_exp(w) for w in rng.uniform(-2.0, 2.0, (20, 3))] + [sample_patient(1).T_base_patient[:3, :3]]:
        roll, pitch, yaw = roll_pitch_yaw(R)
        turns = [se3.so3_exp(angle * axis) for angle, axis in zip((yaw, pitch, roll), np.eye(3)[::-1], strict=True)]
        assert turns[0] @ turns[1] @ turns[2] == pytest.approx(R, abs=1e-12)


def test_an_obj_file_names_no_point_that_it_lacks() -> None:
    text = wavefront(skin_mesh(sample_patient(SEED), row_m=0.1, around=8)).splitlines()
    points = sum(line.startswith("v ") for line in text)
    faces = [int(corner.split("//")[0]) for line in text if line.startswith("f ") for corner in line.split()[1:]]
    assert sum(line.startswith("vn ") for line in text) == points and set(faces) == set(range(1, points + 1))

"""`echopilot patient --gazebo`: a patient's skin as a Gazebo model, and worlds with this patient."""

import math
from pathlib import Path

from rich.console import Console

from echopilot_core import Array, EchoPilotError
from echopilot_core.paths import share_file
from echopilot_lab.util.atomic_output import staged_folder
from echopilot_sim.anatomy import Patient
from echopilot_sim.anatomy.sampling.named_patients import named_patient
from echopilot_sim.anatomy.sampling.patient import sample_patient
from echopilot_sim.anatomy.torso.skin_mesh import SkinMesh, skin_mesh

MODEL = "echopilot_patient"
WORLDS = ("bench", "operating_theater")
PATIENT = "<patient>normal</patient>"  # in the worlds; a seed or one of the names
CONFIG = """<?xml version="1.0"?>
<model>
  <name>{model}</name>
  <version>1.0</version>
  <sdf version="1.9">model.sdf</sdf>
  <author><name>EchoPilot developers</name></author>
  <description>Skin of the virtual patient {who}, made by `echopilot patient --gazebo`. Research software.</description>
</model>
"""
SDF = """<?xml version="1.0"?>
<!-- Skin of the virtual patient {who}. The frame of the model is the robot's `base`.
     It is seen and not collided with: the probe meets the skin by the contact law of `PatientWorld`. -->
<sdf version="1.9">
  <model name="{model}">
    <static>true</static>
    <link name="skin">
      <visual name="skin">
        <pose>{pose}</pose>
        <geometry><mesh><uri>model://{model}/meshes/skin.obj</uri></mesh></geometry>
        <material>
          <ambient>0.55 0.40 0.33 1</ambient><diffuse>0.80 0.60 0.50 1</diffuse><specular>0.15 0.15 0.15 1</specular>
        </material>
      </visual>
    </link>
  </model>
</sdf>
"""


def write_gazebo(seed: int | None, name: str, out: Path, console: Console) -> None:
    """Write `models/echopilot_patient` and `worlds/*.sdf` of one patient into the folder `out`.

    Raises EchoPilotError unless either a seed or a name was given: Gazebo makes the same patient from it.
    """
    if (seed is not None) == bool(name):
        raise EchoPilotError("Gazebo makes its patient from a seed or a name: give one of --seed S and --name NAME")
    patient, who = (sample_patient(seed), str(seed)) if seed is not None else (named_patient(name), name)
    with staged_folder(out) as folder:
        write_model(patient, who, folder / "models" / MODEL)
        (folder / "worlds").mkdir()
        for world in WORLDS:
            text = share_file("echopilot_description", f"worlds/{world}.sdf").read_text(encoding="utf-8")
            text = text.replace(PATIENT, f"<patient>{who}</patient>")
            (folder / "worlds" / f"{world}.sdf").write_text(text, encoding="utf-8")
    console.print(f"wrote {out}; start Gazebo with GZ_SIM_RESOURCE_PATH={(out / 'models').resolve()}")


def write_model(patient: Patient, who: str, folder: Path) -> None:
    """The model of a patient: model.config, model.sdf and meshes/skin.obj in a new folder."""
    (folder / "meshes").mkdir(parents=True)
    T = patient.T_base_patient
    pose = " ".join(f"{round(number, 6) + 0.0:g}" for number in (*T[:3, 3], *roll_pitch_yaw(T[:3, :3])))
    (folder / "model.config").write_text(CONFIG.format(model=MODEL, who=who), encoding="utf-8")
    (folder / "model.sdf").write_text(SDF.format(model=MODEL, who=who, pose=pose), encoding="utf-8")
    (folder / "meshes" / "skin.obj").write_text(wavefront(skin_mesh(patient)), encoding="ascii")


def roll_pitch_yaw(R: Array) -> tuple[float, float, float]:
    """Angles [rad] about fixed x, y and z whose rotation in this order is R (3, 3), as URDF and SDF write it."""
    pitch = math.atan2(-R[2, 0], math.hypot(R[0, 0], R[1, 0]))
    return math.atan2(R[2, 1], R[2, 2]), pitch, math.atan2(R[1, 0], R[0, 0])


def wavefront(mesh: SkinMesh) -> str:
    """The mesh as text of a Wavefront OBJ file, to a tenth of a millimeter."""
    lines = ["# skin of a virtual patient in patient axes (LPS), m"]
    lines += [f"v {x:.4f} {y:.4f} {z:.4f}" for x, y, z in mesh.points_m]
    lines += [f"vn {x:.2f} {y:.2f} {z:.2f}" for x, y, z in mesh.normals]
    lines += ["f " + " ".join(f"{i}//{i}" for i in corners) for corners in (mesh.triangles + 1).tolist()]
    return "\n".join(lines) + "\n"

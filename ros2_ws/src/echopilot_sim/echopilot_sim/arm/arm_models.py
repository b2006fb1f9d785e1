"""Arm models: a URDF of echopilot_description each, and the parameters that a URDF cannot hold."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from echopilot_core import Array, EchoPilotError

ArmName = Literal["fr3_like", "ur5e_like"]
ARM_NAMES: tuple[ArmName, ...] = get_args(ArmName)


@dataclass(frozen=True)
class ArmModel:
    """One arm: `posture_rad` (n,) points the probe down, elbow up, and is where poses are solved from.

    Free motion returns to `rest_rad` (n,), each joint at `pull_1_s` (n,). An arm with seven joints turns its elbow so
    that the wrist stays bent: with a straight one it would answer a small twist with large joint speeds, and leave its
    path by centimeters.
    """

    name: ArmName
    urdf: str  # in echopilot_description
    posture_rad: Array
    rest_rad: Array
    pull_1_s: Array
    rotor_inertia_kg_m2: Array  # (n,), reflected through the gears
    speed_max_rad_s: Array  # (n,), as in the URDF, which MuJoCo does not read


FR3_LIKE = ArmModel(
    name="fr3_like",
    urdf="urdf/echopilot_arm.urdf",
    posture_rad=np.array([0.0, 0.0, 0.0, 1.9, 0.0, np.pi - 1.9, 0.0]),
    rest_rad=np.array([0.0, 0.6, 0.0, 1.9, 0.0, 1.6, 0.0]),
    pull_1_s=np.array([0.1, 0.4, 0.1, 0.4, 0.1, 2.0, 0.1]),
    rotor_inertia_kg_m2=np.array([0.30, 0.30, 0.30, 0.30, 0.12, 0.12, 0.12]),
    speed_max_rad_s=np.array([2.6, 2.6, 2.6, 2.6, 3.0, 3.0, 3.0]),
)
UR5E_LIKE = ArmModel(
    name="ur5e_like",
    urdf="urdf/echopilot_ur5e_like.urdf",
    posture_rad=np.array([-0.28, 0.0, 1.9, 0.5 * np.pi - 1.9, -0.5 * np.pi, 0.0]),
    rest_rad=np.array([-0.28, 0.0, 1.9, 0.5 * np.pi - 1.9, -0.5 * np.pi, 0.0]),
    pull_1_s=np.full(6, 0.4),
    rotor_inertia_kg_m2=np.array([0.30, 0.30, 0.30, 0.12, 0.12, 0.12]),
    speed_max_rad_s=np.full(6, 3.14),
)


def arm_model(name: str) -> ArmModel:
    """The arm of a name; EchoPilotError, listing the names, for any other."""
    for kind in (FR3_LIKE, UR5E_LIKE):
        if kind.name == name:
            return kind
    raise EchoPilotError(f"unknown arm {name!r}; choose one of: {', '.join(ARM_NAMES)}")

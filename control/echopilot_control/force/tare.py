"""Weight of the tool and bias of the wrist sensor from still readings in free air at several orientations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, se3

Array = NDArray[np.float64]

GRAVITY_M_S2 = 9.81
_LEAST_READINGS = 4
_WORST_CONDITION = 8.0  # of the force equations: about 15 degrees of tilt to either side


@dataclass(frozen=True)
class Tool:
    """What the sensor reads without contact; `residual` (2,) is the RMS of force [N] and torque [N m] left over."""

    mass_kg: float
    com_m: Array  # centre of mass (3,) in probe
    bias: Array  # (6,) [N, N m]
    residual: Array

    def unloaded(self, rotation: Array) -> Array:
        """Wrench (6,) in free air with the probe turned by `rotation` (3, 3) in base, whose z points up."""
        weight = -self.mass_kg * GRAVITY_M_S2 * rotation[2]
        unloaded: Array = self.bias + np.concatenate([weight, np.cross(self.com_m, weight)])
        return unloaded

    def contact(self, raw: Array, rotation: Array) -> Array:
        """What the patient does to the probe (6,), from a raw reading (6,), both in probe at its origin."""
        return raw - self.unloaded(rotation)


def fit_tool(rotations: Sequence[Array], readings: Sequence[Array]) -> Tool:
    """Least squares over N mean readings (6,) taken at rest with rotations (3, 3) in base, as Kubus et al. 2008.

    Force and torque are linear in mass, mass times centre, and bias: f = -m g R^T e_z + b_f,
    t = -g [m c] x R^T e_z + b_t (identification as in Kubus, Kroeger & Wahl 2008, IROS; gravity compensation as in
    Vougioukas 2001). Raises EchoPilotError for fewer than 4 readings, for numbers that are not finite, and for
    orientations that are too much alike to tell weight from bias.
    """
    if len(rotations) != len(readings) or len(readings) < _LEAST_READINGS:
        raise EchoPilotError(f"taring needs {_LEAST_READINGS} or more orientations with a reading each")
    wrenches = np.asarray(readings, dtype=np.float64)
    down = -GRAVITY_M_S2 * np.stack([np.asarray(R, dtype=np.float64)[2] for R in rotations])
    if not (np.isfinite(wrenches).all() and np.isfinite(down).all()):
        raise EchoPilotError("taring needs finite readings and orientations")
    forces = np.concatenate([np.column_stack([g, np.eye(3)]) for g in down])
    if np.linalg.cond(forces / [GRAVITY_M_S2, 1.0, 1.0, 1.0]) > _WORST_CONDITION:
        raise EchoPilotError("orientations are too much alike; tilt the probe by 15 degrees or more to several sides")
    mass, *force_bias = np.linalg.lstsq(forces, wrenches[:, :3].ravel(), rcond=None)[0]
    torques = np.concatenate([np.column_stack([-se3.hat(g), np.eye(3)]) for g in down])
    solved = np.linalg.lstsq(torques, wrenches[:, 3:].ravel(), rcond=None)[0]
    if mass < 0.02:
        raise EchoPilotError(f"taring found a tool of {mass:.3f} kg; check the sensor's sign and axes")
    tool = Tool(float(mass), solved[:3] / mass, np.concatenate([force_bias, solved[3:]]), np.zeros(2))
    left = wrenches - np.stack([tool.unloaded(R) for R in rotations])
    residual = np.sqrt(np.mean(left.reshape(-1, 2, 3) ** 2, axis=(0, 2)))
    return Tool(tool.mass_kg, tool.com_m, tool.bias, residual)

"""Weight of the tool and bias of the wrist sensor from still readings in free air at several orientations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from echopilot_core import Array, EchoPilotError, se3

GRAVITY_M_S2 = 9.81
_LEAST_READINGS = 2
_WORST_CONDITION = 8.0  # of the force equations: about 15 degrees of tilt to either side, or 30 between two
_LEAST_KG = 0.02


@dataclass(frozen=True, eq=False)
class Tool:
    """What the sensor reads without contact, in the sensor's frame at its origin.

    `com_m` (3,) is the center of mass, `bias` (6,) [N, N m] the sensor's own reading; `residual` (2,) is the RMS of
    force [N] and torque [N m] that the fit left over.
    """

    mass_kg: float
    com_m: Array
    bias: Array
    residual: Array

    def weight(self, rotation: Array) -> Array:
        """Wrench (6,) of the weight with the sensor turned by `rotation` (3, 3) in base, whose z points up."""
        (x, y, z), (fx, fy, fz) = self.com_m.tolist(), (-self.mass_kg * GRAVITY_M_S2 * rotation[2]).tolist()
        return np.array([fx, fy, fz, y * fz - z * fy, z * fx - x * fz, x * fy - y * fx])

    def unloaded(self, rotation: Array) -> Array:
        """Wrench (6,) that the sensor reads in free air with the sensor turned by `rotation` (3, 3) in base."""
        return self.bias + self.weight(rotation)

    def contact(self, raw: Array, rotation: Array) -> Array:
        """What the patient does to the tool (6,), from a raw reading (6,)."""
        return raw - self.unloaded(rotation)


def fit_tool(rotations: Sequence[Array], readings: Sequence[Array], com_m: Array | None = None) -> Tool:
    """Least squares over N mean readings (6,) taken at rest with rotations (3, 3) of the sensor in base.

    Force and torque are linear in mass, mass times center, and bias: f = -m g R^T e_z + b_f,
    t = -g [m c] x R^T e_z + b_t (identification as in Kubus, Kroeger & Wahl 2008, IROS; gravity compensation as in
    Vougioukas 2001). Two orientations tell weight and bias of a tool whose center of mass `com_m` (3,) [m] is known;
    without it three or more are needed. Raises EchoPilotError for fewer, for numbers
    that are not finite, and for orientations that are too much alike to tell weight from bias.
    """
    least = _LEAST_READINGS if com_m is not None else _LEAST_READINGS + 1
    if len(rotations) != len(readings) or len(readings) < least:
        raise EchoPilotError(
            f"taring needs {least} or more orientations with a reading each"
            + ("" if com_m is not None else "; 2 where the tool's center of mass is known")
        )
    wrenches = np.asarray(readings, dtype=np.float64)
    down = -GRAVITY_M_S2 * np.stack([np.asarray(R, dtype=np.float64)[2] for R in rotations])
    if not (np.isfinite(wrenches).all() and np.isfinite(down).all()):
        raise EchoPilotError("taring needs finite readings and orientations")
    forces = np.concatenate([np.column_stack([g, np.eye(3)]) for g in down])
    if np.linalg.cond(forces / [GRAVITY_M_S2, 1.0, 1.0, 1.0]) > _WORST_CONDITION:
        raise EchoPilotError("orientations are too much alike; tilt the probe by 15 degrees or more to several sides")
    mass, *force_bias = np.linalg.lstsq(forces, wrenches[:, :3].ravel(), rcond=None)[0]
    if mass < _LEAST_KG:
        raise EchoPilotError(f"taring found a tool of {mass:.3f} kg; check the sensor's sign and axes")
    center_m, torque_bias = _center(float(mass), down, wrenches[:, 3:], com_m)
    tool = Tool(float(mass), center_m, np.concatenate([force_bias, torque_bias]), np.zeros(2))
    left = wrenches - np.stack([tool.unloaded(np.asarray(R)) for R in rotations])
    residual = np.sqrt(np.mean(left.reshape(-1, 2, 3) ** 2, axis=(0, 2)))
    return Tool(tool.mass_kg, tool.com_m, tool.bias, residual)


def _center(mass_kg: float, down: Array, torques: Array, com_m: Array | None) -> tuple[Array, Array]:
    """Center of mass (3,) and torque bias (3,); `down` (N, 3) is gravity [m/s^2] in the sensor's frame."""
    if com_m is not None:
        known = np.asarray(com_m, dtype=np.float64)
        return known, np.mean(torques - mass_kg * np.cross(known, down), axis=0)
    equations = np.concatenate([np.column_stack([-se3.hat(g), np.eye(3)]) for g in down])
    if np.linalg.cond(equations / [*3 * [GRAVITY_M_S2], 1.0, 1.0, 1.0]) > 4.0 * _WORST_CONDITION:
        raise EchoPilotError("two of the orientations are too much alike to tell the center; tilt more, or give it")
    solved = np.linalg.lstsq(equations, torques.ravel(), rcond=None)[0]
    return solved[:3] / mass_kg, solved[3:]

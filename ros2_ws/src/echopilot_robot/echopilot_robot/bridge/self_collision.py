"""Distances between the links of an arm, out of the collision bodies of its description, by MuJoCo."""

import itertools
from typing import Any

from echopilot_core import Array, EchoPilotError

MARGIN_M = 0.010
"""Closest that two links may come [m]."""

HORIZON_S = 0.2
"""So far ahead a motion is looked at."""


class SelfCollision:
    """Links that could touch; neighbors are left out, and pairs closer than the margin where the arm stood at first."""

    def __init__(self, urdf: str, start_rad: Array) -> None:
        """`start_rad` (n,) is a pose without a collision, as the one at the start.

        Raises EchoPilotError for a description without collision bodies that can be read, and without MuJoCo.
        """
        try:
            import mujoco
        except ImportError:
            raise EchoPilotError(
                "self-collision needs MuJoCo; pip install mujoco, or set self_collision: false"
            ) from None
        self._engine: Any = mujoco
        try:
            spec = mujoco.MjSpec.from_string(urdf)
            spec.compiler.fusestatic = False
            spec.compiler.discardvisual = True
            self._model = spec.compile()
        except ValueError as error:
            raise EchoPilotError(
                f"self-collision: MuJoCo cannot read the robot's description ({str(error).splitlines()[0]}); give one "
                "whose collision bodies are boxes, cylinders, spheres or meshes in files, or set self_collision: false"
            ) from error
        self._data = mujoco.MjData(self._model)
        if self._model.nq != len(start_rad):
            raise EchoPilotError(f"self-collision: {self._model.nq} joints in the description, {len(start_rad)} here")
        self._pairs = self._candidates()
        if not self._pairs:
            raise EchoPilotError(
                "self-collision: the robot's description has no collision bodies; add some, or set self_collision: "
                "false"
            )
        self._place(start_rad)
        self._pairs = [pair for pair in self._pairs if self._distance_m(pair, 2.0 * MARGIN_M) > MARGIN_M]

    def leads_into(self, position_rad: Array, velocity_rad_s: Array) -> str:
        """Names of two links that a motion (n,) [rad/s] brings closer than the margin; empty where none are."""
        self._place(position_rad + HORIZON_S * velocity_rad_s)
        close = [(pair, far_m) for pair in self._pairs if (far_m := self._distance_m(pair, MARGIN_M)) < MARGIN_M]
        if not close:
            return ""
        self._place(position_rad)
        for pair, then_m in close:
            if then_m < self._distance_m(pair, 2.0 * MARGIN_M):  # one that parts them is welcome
                return " and ".join(self._name(geom) for geom in pair)
        return ""

    def _place(self, position_rad: Array) -> None:
        self._data.qpos[:] = position_rad
        self._engine.mj_kinematics(self._model, self._data)

    def _distance_m(self, pair: tuple[int, int], most_m: float) -> float:
        return float(self._engine.mj_geomDistance(self._model, self._data, *pair, most_m, None))

    def _name(self, geom: int) -> str:
        return str(self._model.body(self._model.geom_bodyid[geom]).name)

    def _candidates(self) -> list[tuple[int, int]]:
        model = self._model
        welded = model.body_weldid[model.geom_bodyid]
        above = model.body_weldid[model.body_parentid[welded]]
        collides = [g for g in range(model.ngeom) if model.geom_contype[g]]
        return [
            (a, b)
            for a, b in itertools.combinations(collides, 2)
            if welded[a] != welded[b] and above[a] != welded[b] and above[b] != welded[a]
        ]

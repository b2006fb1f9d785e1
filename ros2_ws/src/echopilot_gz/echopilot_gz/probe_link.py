"""The link of the probe in Gazebo's model of the robot: pose and twist in the robot's base, and the wrench on it."""

from typing import Any

import numpy as np
from gz.math7 import Vector3d
from gz.sim8 import K_NULL_ENTITY, Link, Model

from echopilot_core import Array, EchoPilotError, se3
from echopilot_gz.settings import PatientSettings


class ProbeLink:
    """Live arrays of the probe in base, refreshed by `read`: `rotation` (3, 3), `origin_m` (3,), `twist` (6,)."""

    def __init__(self, model: Any, settings: PatientSettings, ecm: Any) -> None:
        """Find the links in the `model`; EchoPilotError, listing its links, where one is missing."""
        self._probe = _link(model, settings.probe_link, ecm)
        self._probe.enable_velocity_checks(ecm, True)
        T_world_base = _pose(_link(model, settings.base_link, ecm).world_pose(ecm))
        self._T_base_world = se3.inverse(T_world_base)
        self._R_base_world = np.ascontiguousarray(self._T_base_world[:3, :3])
        self._R_world_probe = np.eye(3)
        self.rotation = np.eye(3)
        self.origin_m = np.zeros(3)
        self.twist = np.zeros(6)

    def valid(self, ecm: Any) -> bool:
        """Whether the link still exists: a robot can be removed and spawned again."""
        return bool(self._probe.valid(ecm))

    def read(self, ecm: Any) -> None:
        """Refresh the arrays from the state after the last physics step."""
        pose = self._probe.world_pose(ecm)
        linear, angular = self._probe.world_linear_velocity(ecm), self._probe.world_angular_velocity(ecm)
        if pose is None or linear is None or angular is None:
            raise EchoPilotError("Gazebo tells no pose and velocity of the probe's link: is the physics system loaded?")
        T_world_probe = _pose(pose)
        self._R_world_probe[:] = T_world_probe[:3, :3]
        np.matmul(self._R_base_world, self._R_world_probe, out=self.rotation)
        self.origin_m[:] = self._R_base_world @ T_world_probe[:3, 3] + self._T_base_world[:3, 3]
        self.twist[:3] = self._R_base_world @ (linear.x(), linear.y(), linear.z())
        self.twist[3:] = self._R_base_world @ (angular.x(), angular.y(), angular.z())

    def push(self, wrench: Array, ecm: Any) -> None:
        """Add `wrench` (6,) [N, N m], in probe at its origin, to the link for the physics step to come."""
        force, torque = self._R_world_probe @ wrench[:3], self._R_world_probe @ wrench[3:]
        self._probe.add_world_wrench(ecm, Vector3d(*force.tolist()), Vector3d(*torque.tolist()))


def _link(model: Any, name: str, ecm: Any) -> Any:
    entity = model.link_by_name(ecm, name)
    if entity == K_NULL_ENTITY:
        links = ", ".join(sorted(Link(other).name(ecm) for other in model.links(ecm)))
        raise EchoPilotError(f"model '{model.name(ecm)}' has no link '{name}'; it has {links}")
    return Link(entity)


def find_model(world: Any, name: str, ecm: Any) -> Any | None:
    """The model of that name in a world, None while it is not spawned."""
    entity = world.model_by_name(ecm, name)
    return None if entity == K_NULL_ENTITY else Model(entity)


def _pose(pose: Any) -> Array:
    """Transform (4, 4) of a Gazebo pose."""
    place, turn = pose.pos(), pose.rot()
    R = se3.from_quaternion(np.array([turn.x(), turn.y(), turn.z(), turn.w()]))
    return se3.transform(R, np.array([place.x(), place.y(), place.z()]))

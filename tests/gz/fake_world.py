"""A world as Gazebo steps it: a probe on a vertical rail, and systems loaded as PythonSystemLoader loads them."""

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

import numpy as np

from echopilot_core import se3

from .fake_gazebo import K_NULL_ENTITY, Element, EntityComponentManager, Pose3d, UpdateInfo, Vector3d

STEP_S = 1e-3
LINKS = ("base", "probe")


class LinkState:
    """Pose (4, 4) and velocity of a link in the world; what is added to it holds for one step."""

    def __init__(self, name: str, T_world_link: np.ndarray) -> None:
        self._name, self.T, self.velocity = name, T_world_link, np.zeros(3)
        self.force, self.torque, self.pushes = np.zeros(3), np.zeros(3), 0
        self._checked = False

    def name(self) -> str:
        return self._name

    def world_pose(self) -> Pose3d:
        return Pose3d.of(self.T)

    def enable_velocity_checks(self, enable: bool = True) -> None:
        self._checked = enable

    def world_linear_velocity(self) -> Vector3d | None:
        return Vector3d(*self.velocity.tolist()) if self._checked else None

    def world_angular_velocity(self) -> Vector3d | None:
        return Vector3d() if self._checked else None

    def add_world_wrench(self, force: Vector3d, torque: Vector3d) -> None:
        self.force = self.force + (force.x(), force.y(), force.z())
        self.torque = self.torque + (torque.x(), torque.y(), torque.z())
        self.pushes += 1


class ModelState:
    """Links by name."""

    def __init__(self, name: str, links: dict[str, int]) -> None:
        self._name, self._links = name, links

    def name(self) -> str:
        return self._name

    def links(self) -> list[int]:
        return list(self._links.values())

    def link_by_name(self, name: str) -> int:
        return self._links.get(name, K_NULL_ENTITY)


class WorldState:
    """Models by name."""

    def __init__(self) -> None:
        self.models: dict[str, int] = {}

    def model_by_name(self, name: str) -> int:
        return self.models.get(name, K_NULL_ENTITY)


class Server:
    """Steps of 1 ms: pre_update, a mass on a rail under a constant push and the wrench, post_update.

    `errors` holds what a system raised; like the loader, the server does not call it again.
    """

    WORLD = 1

    def __init__(self, module: str, T_world_base: np.ndarray, **settings: str) -> None:
        self.ecm, self.info, self.world = EntityComponentManager(), UpdateInfo(), WorldState()
        self.ecm._entities[self.WORLD] = self.world
        self.T_world_base, self.errors, self.forces = T_world_base, [], []
        self.probe: LinkState | None = None
        self._next, self.step_s = 2, STEP_S
        self.system = import_module(module).get_system()
        self._call(self.system.configure, self.WORLD, Element(**settings), self.ecm, object())

    def spawn(
        self, T_base_probe: np.ndarray, name: str = "echopilot_arm", links: tuple[str, str] = ("base", "probe")
    ) -> None:
        """A robot whose base lies at `T_world_base`, its probe at rest."""
        poses = (self.T_world_base, self.T_world_base @ T_base_probe)
        states = {one: LinkState(one, T.copy()) for one, T in zip(links, poses, strict=True)}
        self.world.models[name] = self._add(ModelState(name, {one: self._add(state) for one, state in states.items()}))
        self.probe = states[links[1]]

    def remove(self, name: str = "echopilot_arm") -> None:
        """Take the robot out of the world, with its links."""
        model = self.ecm._entities.pop(self.world.models.pop(name))
        for link in model.links():
            del self.ecm._entities[link]
        self.probe = None

    def _add(self, state: Any) -> int:
        self._next += 1
        self.ecm._entities[self._next] = state
        return self._next

    def run(self, steps: int, push_n: float = 5.0, mass_kg: float = 2.0, damping_n_s_m: float = 100.0) -> np.ndarray:
        """Pressing forces (steps,) [N], along the z of the world."""
        forces = []
        for _ in range(steps):
            self.info.dt = timedelta(seconds=0.0 if self.info.paused else self.step_s)
            self.info.sim_time += self.info.dt
            self.info.iterations += 0 if self.info.paused else 1
            self._call(self.system.pre_update, self.info, self.ecm)
            if self.probe is not None and not self.info.paused:
                forces.append(self._move(self.probe, push_n, mass_kg, damping_n_s_m))
            self._call(self.system.post_update, self.info, self.ecm)
        return np.array(forces)

    def _move(self, probe: LinkState, push_n: float, mass_kg: float, damping_n_s_m: float) -> float:
        force_n, probe.force, probe.torque = float(probe.force[2]), np.zeros(3), np.zeros(3)
        lift_n = force_n - push_n - damping_n_s_m * probe.velocity[2]
        probe.velocity = probe.velocity + [0.0, 0.0, lift_n / mass_kg * STEP_S]
        probe.T = se3.transform(probe.T[:3, :3], probe.T[:3, 3] + probe.velocity * STEP_S)
        return force_n

    def reset(self) -> None:
        """Back to time zero, as Gazebo's rewind does."""
        self.info.dt, self.info.sim_time, self.info.iterations = -self.info.sim_time, timedelta(), 0
        self._call(self.system.reset, self.info, self.ecm)

    def _call(self, method: Callable[..., Any], *arguments: Any) -> None:
        if self.errors:
            return
        try:
            method(*arguments)
        except Exception as error:
            self.errors.append(error)

"""A small closed world for control tests: a cylinder as torso, a lagging probe, perception that knows the targets."""

from collections import deque
from dataclasses import dataclass, field
from math import cos, pi, sin, sqrt

import gantry
import numpy as np

from echopilot_core import (
    BodyLandmarks,
    BodySurface,
    ClassExtent,
    ControlGoal,
    Guidance,
    LabelMap,
    PerceptionResult,
    ProbeGeometry,
    ProbeKind,
    RobotMode,
    RobotState,
    SafeTwist,
    ScannerSettings,
    SegmentationClass,
    View,
    se3,
)
from echopilot_core.timing import TICK_NS, TICK_S

AXIS_Z_M, RADIUS_M = 0.02, 0.16
XIPHOID_X_M = 0.50
XIPHOID = np.array([XIPHOID_X_M, 0.0, AXIS_Z_M + RADIUS_M])
LAG_S, DEAD_TICKS = 0.016, 5
FRAME_TICKS, IMAGE_LATENCY_NS = 3, 60_000_000
GEOMETRY = ProbeGeometry(ProbeKind.PHASED, 0.0, 1.5, 0.02, 0.16, 5e-4, 5e-4, 160.0, 0.0, 2.5e6)
EMPTY_MAP = LabelMap(np.zeros((1, 1), np.uint8), 0.0, 0.0, 0.00125)


def skin_at(x_m: float, y_m: float, lift_m: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Skin point and outward normal above (x, y) in base."""
    dx = x_m - XIPHOID[0]
    z = np.sqrt(max((RADIUS_M + lift_m) ** 2 - dx * dx, 1e-6))
    normal = np.array([dx, 0.0, z])
    return np.array([x_m, y_m, AXIS_Z_M + z]), normal / np.linalg.norm(normal)


@dataclass(frozen=True)
class WorldTick:
    """One control period of the world; a frame is acquired as what perception will say of it."""

    robot: RobotState
    acquisitions: tuple[PerceptionResult, ...]


@dataclass
class World:
    """Plant and perception of a closed loop; twists act 5 ms late through a 10 Hz lag with a dead band of friction.

    The operator points once, before the first tick; the camera sees the skin at rest, with noise of its own each time.
    """

    seed: int = 0
    stiffness_n_m: float = 800.0
    breathing_pp_m: float = 0.006
    noise_n: float = 0.1
    dead_band: float = 0.004
    tick: int = 0
    peak_n: float = 0.0
    T: np.ndarray = field(
        default_factory=lambda: se3.transform(np.diag([1.0, -1.0, -1.0]), np.array([0.35, 0.0, 0.42]))
    )
    twist: np.ndarray = field(default_factory=lambda: np.zeros(6))
    q: np.ndarray | None = None

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.line = deque([np.zeros(6)] * DEAD_TICKS)
        self.sequence = 0
        self.skin, self.marks = self._camera(), self._pointed_at()
        point, _ = skin_at(XIPHOID[0] + 0.09, -0.005)
        z = np.array([-0.55, 0.56, -0.62])
        self.T_base_a4c = se3.transform(se3.look_along(z, np.array([0.8, 0.0, -0.6])), point)

    @property
    def now_ns(self) -> int:
        return self.tick * TICK_NS

    def lift_m(self, t_s: float) -> float:
        return 0.5 * self.breathing_pp_m * sin(2 * pi * 0.25 * t_s)

    def force_n(self, t_s: float) -> float:
        (_, _, axis_x, x_m), _, (_, _, axis_z, z_m), _ = self.T.tolist()  # plain numbers: this runs at 1 kHz
        dx = x_m - XIPHOID_X_M
        dz = sqrt(max((RADIUS_M + self.lift_m(t_s)) ** 2 - dx * dx, 1e-6))
        radius_m = sqrt(dx * dx + dz * dz)
        normal_x, normal_z = dx / radius_m, dz / radius_m
        depth = (AXIS_Z_M + dz - z_m) * normal_z
        if depth <= 0.0:
            return 0.0
        skin_v = 0.5 * self.breathing_pp_m * 2 * pi * 0.25 * cos(2 * pi * 0.25 * t_s)
        v_x, _, v_z = self.twist[:3].tolist()
        closing = skin_v - (v_x * normal_x + v_z * normal_z)
        pressed = max(self.stiffness_n_m * depth * (1.0 + 5.0 * closing), 0.0)
        return pressed * max(-(normal_x * axis_x + normal_z * axis_z), 0.0)

    def step(self, command: SafeTwist | None) -> WorldTick:
        band = np.array([self.dead_band] * 3 + [0.01] * 3)
        for sub in range(10):
            t_s = self.tick * TICK_S + sub * 1e-3
            force = self.force_n(t_s)
            self.peak_n = max(self.peak_n, force)
            if command is None:  # the robot's own compliant hold, here as pure damping along z
                wanted = np.concatenate([(min(force, 5.0) - force) * 0.004 * self.T[:3, 2], np.zeros(3)])
            else:
                wanted = command.twist
            self.line.append(wanted)
            wanted = self.line.popleft()
            gap = wanted - self.twist
            drive = np.sign(gap) * np.maximum(np.abs(gap) - band * (np.abs(self.twist) < 1e-4), 0.0)
            self.twist = self.twist + 1e-3 / LAG_S * drive
            spin = se3.so3_exp(self.twist[3:] * 1e-3)
            self.T = se3.transform(spin @ self.T[:3, :3], self.T[:3, 3] + self.twist[:3] * 1e-3)
        self.tick += 1
        robot = self._robot_state()
        return WorldTick(robot, (self.look(),) if self.tick % FRAME_TICKS == 0 else ())

    def observe(self, acquisition: PerceptionResult, goal: ControlGoal) -> tuple[None, PerceptionResult]:
        return None, acquisition

    def surface(self) -> BodySurface:
        noise_m = np.random.default_rng([self.seed, self.tick]).normal(0.0, 0.0002, self.skin.points_m.shape)
        return BodySurface(self.now_ns, self.skin.points_m + noise_m)

    def landmarks(self) -> BodyLandmarks:
        return self.marks

    def set_imaging(self, settings: ScannerSettings) -> None:
        """This network sees the same whatever the scanner is set to."""

    @property
    def force_now_n(self) -> float:
        return self.force_n(self.tick * TICK_S)

    def _robot_state(self) -> RobotState:
        outside = np.array([0.0, 0.0, -self.force_now_n, 0.0, 0.0, 0.0])
        wrench = outside + self.noise_n * np.array([1.0, 1.0, 1.0, 0.05, 0.05, 0.05]) * self.rng.standard_normal(6)
        self.q, dq, at = gantry.joints(self.T, self.twist, self.q)
        effort = gantry.efforts(at, self.T[:3, :3], outside)
        return RobotState(
            self.now_ns,
            self.tick,
            self.T.copy(),
            self.twist.copy(),
            wrench,
            self.q,
            dq,
            RobotMode.SERVO,
            joint_effort_n_m=effort,
        )

    def aorta_m(self, y_m: float) -> np.ndarray:
        """Center line point at base y: curves 8 mm to the left and lies 90 mm deep."""
        return np.array([XIPHOID[0] + 0.012 + 0.008 * sin(y_m / 0.06), y_m, XIPHOID[2] - 0.09])

    def look(self) -> PerceptionResult:
        """A perfect network with noise: A4C guidance everywhere near, lumen where the plane cuts the aorta."""
        self.sequence += 1
        probability = np.full(len(View), 0.02)
        touching = self.force_now_n > 0.5
        motion = se3.log(se3.inverse(self.T) @ self.T_base_a4c)
        away = float(np.linalg.norm(motion[:3]) / 0.02 + np.linalg.norm(motion[3:]) / 0.35)
        guidance: tuple[Guidance, ...] = ()
        extents: tuple[ClassExtent, ...] = ()
        if touching and away < 8.0:
            sigma = np.array([0.004] * 3 + [0.06] * 3) * (1.0 + away / 3.0)
            guidance = (Guidance(View.A4C, motion + sigma * self.rng.standard_normal(6), sigma),)
            probability[int(View.A4C)] = 1.5 * np.exp(-0.5 * away**2) + 0.02
        y_axis, p = self.T[:3, 1], self.T[:3, 3]
        y = p[1]
        for _ in range(3):
            y -= float((self.aorta_m(y) - p) @ y_axis) / float(y_axis[1]) if abs(y_axis[1]) > 0.3 else 0.0
        local = se3.apply(se3.inverse(self.T), self.aorta_m(y))
        if touching and abs(local[0]) < 0.06 and -0.19 < y < 0.02 and abs(y_axis[1]) > 0.7:
            x, d = local[[0, 2]] + 0.001 * self.rng.standard_normal(2)
            extents = (ClassExtent(SegmentationClass.AO_LUMEN, 3e-4, 2e-5, float(x), float(d)),)
            probability[int(View.AORTA_TRANS)] = 1.0
        coupling = np.full(16, 0.95 if touching else 0.0)
        return PerceptionResult(
            self.now_ns, self.sequence, GEOMETRY, EMPTY_MAP, extents, probability / probability.sum(),
            0.9 if touching else 0.05, coupling, 0.0, guidance,
        )  # fmt: skip

    def _camera(self) -> BodySurface:
        x = self.rng.uniform(XIPHOID[0] - 0.14, XIPHOID[0] + 0.14, 3000)
        y = self.rng.uniform(-0.30, 0.25, 3000)
        points = np.stack([skin_at(a, b)[0] for a, b in zip(x, y, strict=True)])
        hole = (np.abs(x - XIPHOID[0] - 0.03) < 0.015) & (np.abs(y + 0.05) < 0.02)
        return BodySurface(self.now_ns, points[~hole] + 0.002 * self.rng.standard_normal((int((~hole).sum()), 3)))

    def _pointed_at(self) -> BodyLandmarks:
        off = 0.007 * self.rng.standard_normal((3, 3))
        notch, navel = skin_at(XIPHOID[0], 0.18)[0], skin_at(XIPHOID[0], -0.17)[0]
        return BodyLandmarks(self.now_ns, notch + off[0], XIPHOID + off[1], navel + off[2])

"""Probe poses for training: around standard views, along the aorta, anywhere on the skin, and lifted off it."""

import math
from dataclasses import dataclass

import numpy as np

from echopilot_core import Array, Preset, ScannerSettings, View, se3
from echopilot_sim.anatomy import Anatomy
from echopilot_sim.bmode.probes import preset
from echopilot_sim.frame_state import FrameState, Phases, element_points

MAX_TILT_RAD = math.radians(60.0)  # between beam and skin: flatter ones lose contact altogether
OTHER_VIEWS = (
    View.PLAX,
    View.PSAX_AV,
    View.PSAX_MV,
    View.PSAX_PM,
    View.A5C,
    View.A2C,
    View.A3C,
    View.SC4C,
    View.SC_IVC,
    View.AORTA_LONG,
)
AORTIC = (View.AORTA_TRANS, View.AORTA_LONG)
STANDARD_VIEWS = (View.A4C, *OTHER_VIEWS, View.AORTA_TRANS)
WIDE_VIEWS = (View.PLAX, View.PSAX_PM, View.A2C, View.SC4C)  # of an exam
NEAR_SCALE = 0.35  # how far images "of a view" stray from it, in OFFSET_M and ANGLE_RAD
CARDIAC_SCALES = (0.08, 0.3, 0.6, 1.0)  # of 25 mm and 25 degrees
CARDIAC_SHARES = (0.12, 0.28, 0.3, 0.3)
OFFSET_M, ANGLE_RAD = 0.025, math.radians(25.0)
LIFTED_SHARE = 0.1
EXAM_DEPTH_M, EXAM_DEPTH_SHARE = 0.16, 0.5
DEPTHS_M = (0.10, 0.22)  # of the other images; still shallower ones are zoomed (training.augmentation)
AORTA_LENGTH_M = 0.16  # of the abdominal aorta that is swept


@dataclass(frozen=True)
class Recipe:
    """Frames of each kind per patient."""

    a4c: int = 14
    aorta: int = 14
    wide: int = 26  # around the other views of an exam, as far off as a search may come
    other: int = 30  # around any other standard view, as far off as a hand may come
    anywhere: int = 6


DEFAULT_RECIPE = Recipe()


def draw_frame_states(anatomy: Anatomy, rng: np.random.Generator, recipe: Recipe) -> list[FrameState]:
    """Moments of one patient for training; every pose lies on the skin (or is lifted off it on purpose)."""
    frame_states = []
    counts = vars(recipe)
    for sequence, kind in enumerate(kind for kind, count in counts.items() for _ in range(count)):
        for _ in range(20):
            phases = Phases(float(rng.random()), float(rng.random()))
            pose = _pose(anatomy, rng, kind, phases)
            if pose is not None and _beam_tilt(anatomy, pose, phases) < MAX_TILT_RAD:
                frame_states.append(_frame_state(anatomy, rng, sequence, pose, phases, kind in ("aorta", "anywhere")))
                break
    return frame_states


def view_frame_states(anatomy: Anatomy, rng: np.random.Generator, view: View, count: int) -> list[FrameState]:
    """Moments of a standard view at any time of heart beat and breath; none where the patient has no such view.

    The first stands exactly on it, the others as a hand would: up to about 15 mm and 15 degrees off. Along the aorta
    every frame state has a station of its own.
    """
    frame_states: list[FrameState] = []
    aortic = view in (View.AORTA_TRANS, View.AORTA_LONG)
    for attempt in range(20 * count):
        if len(frame_states) == count:
            break
        phases = Phases(float(rng.random()), float(rng.random()))
        station_m = float(rng.uniform(0.0, AORTA_LENGTH_M)) if aortic else math.nan
        scale = 0.0 if attempt == 0 else float(rng.uniform(0.0, NEAR_SCALE))
        target = anatomy.view_target(view, phases, station_m)
        if target is None:
            continue
        pose = _around(anatomy, rng, target, scale, phases)
        if _beam_tilt(anatomy, pose, phases) < MAX_TILT_RAD:
            frame_states.append(_frame_state(anatomy, rng, len(frame_states), pose, phases, aortic, lifted_share=0.0))
    return frame_states


def frame_state_at(
    anatomy: Anatomy,
    T_patient_probe: Array,
    phases: Phases,
    imaging: ScannerSettings,
    sequence: int = 0,
    flicker: int = 0,
) -> FrameState:
    """Frame state of a probe that stands at a pose; the gaps of its elements follow from the breathing skin."""
    elements = element_points(preset(imaging.preset).aperture_m)
    return FrameState(
        stamp_ns=sequence * 33_333_333,
        sequence=sequence,
        T_base_probe=anatomy.patient.T_base_patient @ T_patient_probe,
        T_patient_probe=T_patient_probe,
        phases=phases,
        gap_m=anatomy.signed_distance(se3.apply(T_patient_probe, elements), phases),
        contact_force_n=0.0,
        imaging=imaging,
        flicker_seed=flicker,
    )


def on_skin(anatomy: Anatomy, point_m: Array, phases: Phases) -> Array:
    """The skin point (3,) under a point near the skin."""
    p = point_m.copy()
    for _ in range(3):
        p = p - anatomy.signed_distance(p[None], phases)[0] * anatomy.skin_normal(p[None], phases)[0]
    return p


def _pose(anatomy: Anatomy, rng: np.random.Generator, kind: str, phases: Phases) -> Array | None:
    if kind in ("a4c", "wide"):
        view = View.A4C if kind == "a4c" else WIDE_VIEWS[int(rng.integers(len(WIDE_VIEWS)))]
        target = anatomy.view_target(view, phases)
        scale, tilt, spin = (float(s) for s in rng.choice(CARDIAC_SCALES, 3, p=CARDIAC_SHARES))
        return None if target is None else _around(anatomy, rng, target, scale, phases, (tilt, scale, spin))
    if kind == "other":
        view = OTHER_VIEWS[int(rng.integers(len(OTHER_VIEWS)))]
        target = anatomy.view_target(view, phases)
        scale = float(rng.choice([0.1, 0.4, 0.7, 1.0]))
        return None if target is None else _around(anatomy, rng, target, scale, phases)
    if kind == "aorta":
        return _along_aorta(anatomy, rng, phases)
    return _anywhere(anatomy, rng, phases)


def _around(
    anatomy: Anatomy,
    rng: np.random.Generator,
    target: Array,
    scale: float,
    phases: Phases,
    turns: tuple[float, float, float] | None = None,
) -> Array:
    """A pose about `scale` away from a target; `turns` scale the angles about x, y and z instead.

    Angles of their own scale keep the network from guessing one from the others: in an exam what is seen well is
    corrected first, and a spin about the beam, which is seen worst, is left.
    """
    normal = anatomy.skin_normal(target[None, :3, 3], phases)[0]
    step = rng.normal(0.0, scale * OFFSET_M, 3)
    step -= (step @ normal) * normal
    shares = np.array((scale,) * 3 if turns is None else turns) * (1.0, 1.0, 1.6)
    turn = rng.normal(0.0, ANGLE_RAD / math.sqrt(3.0), 3) * shares
    entry = on_skin(anatomy, target[:3, 3] + step, phases)
    carried = _carry(normal, anatomy.skin_normal(entry[None], phases)[0])
    carry = carried if rng.random() < 0.7 else np.eye(3)  # a hand follows the skin
    return se3.transform(carry @ target[:3, :3] @ se3.so3_exp(turn), entry)


def _along_aorta(anatomy: Anatomy, rng: np.random.Generator, phases: Phases) -> Array | None:
    target = anatomy.view_target(View.AORTA_TRANS, phases, float(rng.uniform(0.0, AORTA_LENGTH_M)))
    if target is None:
        return None
    far = rng.random() < 0.5
    step = np.array([rng.normal(0.0, 0.018 if far else 0.006), 0.0, rng.normal(0.0, 0.02)])
    step[0] = np.clip(step[0], -0.035, 0.035)
    entry = on_skin(anatomy, target[:3, 3] + step, phases)
    spread = math.radians(12.0 if far else 4.0)
    turn = np.clip(rng.normal(0.0, spread, 3), -ANGLE_RAD, ANGLE_RAD)
    if rng.random() < 0.5:  # as the exam comes down: along the skin normal, across the body
        normal = anatomy.skin_normal(entry[None], phases)[0]
        return se3.transform(se3.look_along(-normal, np.array([1.0, 0.0, 0.0])) @ se3.so3_exp(turn), entry)
    return se3.transform(target[:3, :3] @ se3.so3_exp(turn), entry)


def _anywhere(anatomy: Anatomy, rng: np.random.Generator, phases: Phases) -> Array:
    x, z = rng.uniform(-0.11, 0.11), rng.uniform(-0.20, 0.17)
    entry = anatomy.skin_point(np.array([x]), np.array([z]), phases)[0]
    normal = anatomy.skin_normal(entry[None], phases)[0]
    yaw = rng.uniform(-math.pi, math.pi)
    hint = np.array([math.cos(yaw), 0.0, math.sin(yaw)])
    turn = se3.so3_exp(rng.normal(0.0, math.radians(12.0), 3))
    return se3.transform(se3.look_along(-normal, hint) @ turn, entry)


def _frame_state(
    anatomy: Anatomy,
    rng: np.random.Generator,
    sequence: int,
    pose: Array,
    phases: Phases,
    soft: bool,
    lifted_share: float = LIFTED_SHARE,
) -> FrameState:
    pressed_m = float(rng.uniform(0.003, 0.026) if soft else rng.uniform(0.001, 0.010))
    if rng.random() < lifted_share:
        pressed_m = float(rng.uniform(-0.010, 0.0))
    T = pose.copy()
    T[:3, 3] += pressed_m * T[:3, 2]
    abdomen = soft and rng.random() < 0.9
    depth_m = EXAM_DEPTH_M if rng.random() < EXAM_DEPTH_SHARE else float(rng.uniform(*DEPTHS_M))
    imaging = ScannerSettings(Preset.ABDOMEN if abdomen else Preset.CARDIAC, depth_m)
    return frame_state_at(anatomy, T, phases, imaging, sequence, int(rng.integers(2**31)))


def _beam_tilt(anatomy: Anatomy, pose: Array, phases: Phases) -> float:
    normal = anatomy.skin_normal(pose[None, :3, 3], phases)[0]
    return math.acos(float(np.clip(-normal @ pose[:3, 2], -1.0, 1.0)))


def _carry(normal_from: Array, normal_to: Array) -> Array:
    """Smallest rotation that takes one unit normal to another."""
    axis = np.cross(normal_from, normal_to)
    sine, cosine = float(np.linalg.norm(axis)), float(normal_from @ normal_to)
    return np.eye(3) if sine < 1e-9 else se3.so3_exp(axis / sine * math.atan2(sine, cosine))

"""The scenes of the realism benchmark: real clips and the virtual patients put into the same situation."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import (
    Array,
    EchoPilotError,
    Preset,
    ProbeGeometry,
    ProbeKind,
    ScannerSettings,
    SegmentationClass,
    View,
    se3,
)
from echopilot_core.guarded.json_input import read_json
from echopilot_lab.datasets.probe_pose_sampling import frame_state_at
from echopilot_perception.frames import open_clip
from echopilot_report.images.overlay import labels_on_image
from echopilot_sim.anatomy import Anatomy, Material, build, sample_patient
from echopilot_sim.bmode import Renderer
from echopilot_sim.frame_state import N_ELEMENTS, FrameState, Phases
from echopilot_sim.truth.frame_truth import truth_of

SCENES = ("a4c", "liver", "air")
SOURCES = {
    "a4c": ("cardiac/a4c_cine_sonosite.dcm", "cardiac/a4c_cine_sonosite_outlines.json"),
    "liver": ("abdominal/liver_sweep_convex_tracked.mp4", "abdominal/liver_sweep_convex_tracked.json"),
    "air": (
        "no_contact/philips_X51_adultecho.png",
        "no_contact/philips_X51_AbdVasc.png",
        "no_contact/linear_in_air_philips_cine.dcm",
    ),
}
LICENSES = {
    "a4c": "clip: pydicom-data, MIT",
    "liver": "clip: ImFusion public-ultrasound-demos, CC BY 4.0",
    "air": "clip: deid-data, MIT",
}
A4C_FRAMES = (0, 12)
LIVER_FRAMES = (60, 75, 90, 105)
_HEART_PHASES = (0.0, 0.55)
_PRESSED_M = 0.005
_CURVED_PRESSED_M = 0.018  # until the curved face touches over its whole width
_LIFTED_M = 0.03


@dataclass(frozen=True)
class SceneImage:
    """One image (H, W) uint8 with its geometry; `lv` (H, W) marks the LV cavity where it is known."""

    image: NDArray[np.uint8]
    geometry: ProbeGeometry
    lv: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Scene:
    """Images of one situation; real and rendered ones are made alike."""

    name: str
    real: list[SceneImage] = field(default_factory=list)
    rendered: list[SceneImage] = field(default_factory=list)


def missing_files(data: Path) -> list[str]:
    """Files of the benchmark that are not under `data` (the folder `shared/data`)."""
    return [name for names in SOURCES.values() for name in names if not (data / "ultrasound" / name).is_file()]


def real_images(scene: str, data: Path) -> list[SceneImage]:
    """The real images of a scene; raises EchoPilotError when a clip cannot be read."""
    folder = data / "ultrasound"
    paths = [folder / name for name in SOURCES[scene]]
    if scene == "a4c":
        clip = open_clip(paths[0])
        outlines = read_json(paths[1])["frames"]
        return [SceneImage(clip.images[k], clip.geometry, _filled(outlines[str(k)]["LV"], clip)) for k in A4C_FRAMES]
    if scene == "liver":
        clip = open_clip(paths[0])
        geometry = _liver_geometry(read_json(paths[1]))
        return [SceneImage(clip.images[k], geometry) for k in LIVER_FRAMES]
    images = []
    for path in paths:
        clip = open_clip(path)
        geometry = _linear_in_air(clip.geometry) if path.suffix == ".dcm" else clip.geometry
        images.append(SceneImage(clip.images[0], geometry))
    return images


def _filled(outline: list[list[float]], clip: object) -> NDArray[np.bool_]:
    images = clip.images  # type: ignore[attr-defined]
    mask = np.zeros(images.shape[1:], np.uint8)
    cv2.fillPoly(mask, [np.array(outline, np.int32)], 1)
    return np.asarray(mask > 0)


def _liver_geometry(facts: dict[str, object]) -> ProbeGeometry:
    """Geometry of the sweep as its own file states it (the video carries no scale)."""
    sector = facts["sector"]
    assert isinstance(sector, dict)
    spacing_m = 1e-3 * float(str(facts["pixel_spacing_mm"]))
    radius_px = float(sector["radius_probe_face_px"])
    half = np.radians(float(sector["half_opening_angle_deg"]))
    return ProbeGeometry(
        kind=ProbeKind.CONVEX,
        radius_m=radius_px * spacing_m,
        opening_angle_rad=2.0 * half,
        aperture_m=2.0 * radius_px * spacing_m * float(np.sin(half)),
        depth_m=1e-3 * float(sector["depth_mm"]),
        spacing_x_m=spacing_m,
        spacing_y_m=spacing_m,
        origin_u_px=float(sector["apex_px"][0]),
        origin_v_px=float(sector["apex_px"][1]) + radius_px,
        frequency_hz=0.0,
    )


_LINEAR_TOP_PX = 63.0  # first row of the image in the cine; its DICOM region begins there too
_LINEAR_DEPTH_M = 0.040  # printed on the screen


def _linear_in_air(found: ProbeGeometry) -> ProbeGeometry:
    """The rectangle of the linear cine: sector search sees only the noisy lower half of it."""
    return ProbeGeometry(
        kind=ProbeKind.LINEAR,
        radius_m=0.0,
        opening_angle_rad=0.0,
        aperture_m=found.aperture_m,
        depth_m=_LINEAR_DEPTH_M,
        spacing_x_m=found.spacing_x_m,
        spacing_y_m=found.spacing_y_m,
        origin_u_px=found.origin_u_px,
        origin_v_px=_LINEAR_TOP_PX,
        frequency_hz=0.0,
    )


@lru_cache(maxsize=4)
def _anatomy(seed: int) -> Anatomy:
    return build(sample_patient(seed))


def rendered_images(scene: str, seed: int) -> list[SceneImage]:
    """Images of virtual patient `seed` in the situation of a scene, from a well-set scanner."""
    anatomy = _anatomy(seed)
    renderer = Renderer(anatomy)
    if scene == "air":
        return [_scene_image(renderer, anatomy, frame_state) for frame_state in _air(anatomy)]
    frame_states = _a4c(anatomy) if scene == "a4c" else _liver(anatomy)
    return [_scene_image(renderer, anatomy, frame_state, scene == "a4c") for frame_state in frame_states]


def _scene_image(renderer: Renderer, anatomy: Anatomy, frame_state: FrameState, with_lv: bool = False) -> SceneImage:
    frame = renderer.render(frame_state)
    if not with_lv:
        return SceneImage(frame.image, frame.geometry)
    exact = truth_of(anatomy, frame_state, mask=True).exact
    assert exact is not None
    height, width = frame.image.shape
    labels = labels_on_image(exact, frame.geometry, (height, width))
    return SceneImage(frame.image, frame.geometry, np.asarray(labels == SegmentationClass.LV))


def _a4c(anatomy: Anatomy) -> list[FrameState]:
    """Apical four-chamber view as deep as the real clip, at end-diastole and in filling."""
    frame_states = []
    for k, heart in enumerate(_HEART_PHASES):
        phases = Phases(heart, 0.5)
        target = anatomy.view_target(View.A4C, phases)
        if target is None:
            return []
        settings = ScannerSettings(preset=Preset.CARDIAC, depth_m=0.19)
        frame_states.append(_pressed(anatomy, target, phases, settings, k))
    return frame_states


def _pressed(
    anatomy: Anatomy, target: Array, phases: Phases, settings: ScannerSettings, k: int, pressed_m: float = _PRESSED_M
) -> FrameState:
    pose = np.array(target)
    pose[:3, 3] += pressed_m * pose[:3, 2]
    gaps = np.full(N_ELEMENTS, -pressed_m)
    return FrameState(0, k, anatomy.patient.T_base_patient @ pose, pose, phases, gaps, 5.0, settings, k)


def _liver(anatomy: Anatomy) -> list[FrameState]:
    """Convex probe under the right costal margin, tilted up, where most of the fan is liver; two neighbors too."""
    phases = Phases(0.0, 0.9)
    pose = liver_pose(anatomy, phases)
    settings = ScannerSettings(preset=Preset.CONVEX, depth_m=0.177, focus_m=0.09)
    frame_states = []
    for k, tilt_deg in enumerate((-6.0, 0.0, 6.0)):
        turned = pose.copy()
        turned[:3, :3] = pose[:3, :3] @ se3.so3_exp(np.array([np.radians(tilt_deg), 0.0, 0.0]))
        frame_states.append(_pressed(anatomy, turned, phases, settings, k, _CURVED_PRESSED_M))
    return frame_states


def liver_pose(anatomy: Anatomy, phases: Phases) -> Array:
    """T_patient_probe (4, 4) on the right upper abdomen: most liver in the fan, the dome of the diaphragm behind it.

    Skin points below the costal margin and beams tilted towards the head and the right are tried on a coarse grid of
    the fan; bone or gas in the first 5 cm counts against a pose. Raises EchoPilotError without a liver.
    """
    angles = np.radians(np.linspace(-27.0, 27.0, 11))
    depths = np.linspace(0.01, 0.165, 28)
    angle, depth = np.meshgrid(angles, depths)
    fan = np.zeros((angle.size, 3))
    fan[:, 0] = ((0.06 + depth) * np.sin(angle)).ravel()
    fan[:, 2] = ((0.06 + depth) * np.cos(angle) - 0.06 + _CURVED_PRESSED_M).ravel()
    shallow = (depth < 0.05).ravel()
    deep = (depth > 0.09).ravel()
    blocked = (Material.AIR, Material.BONE, Material.GAS, Material.LUNG)
    best, best_pose = 0.0, np.eye(4)
    for x in np.arange(-0.13, -0.03, 0.02):
        for z in np.arange(-0.10, 0.05, 0.02):
            entry = anatomy.skin_point(np.array([x]), np.array([z]), phases)[0]
            inward = -anatomy.skin_normal(entry[None], phases)[0]
            for up in (0.0, 0.4, 0.8, 1.2):
                beam = inward + np.array([-0.5 * up, 0.0, up])
                pose = se3.transform(se3.look_along(beam, np.array([1.0, 0.0, -0.2])), entry)
                labels, _ = anatomy.label_points(se3.apply(pose, fan), phases)
                dome = min(float((labels[deep] == Material.LUNG).mean()), 0.35)
                merit = float((labels == Material.LIVER).mean()) + dome
                merit -= float(((labels >= Material.PERICARDIUM) & (labels <= Material.ROOT_WALL)).mean())
                merit -= 3.0 * float(np.isin(labels[shallow], blocked).mean())
                if merit > best:
                    best, best_pose = merit, pose
    if best <= 0.1:
        raise EchoPilotError(f"patient {anatomy.patient.seed} shows no liver from the right upper abdomen")
    return best_pose


def _air(anatomy: Anatomy) -> list[FrameState]:
    """The lifted probe: phased with two presets and linear, as deep as the real images."""
    phases = Phases()
    target = anatomy.view_target(View.AORTA_TRANS, phases)
    if target is None:
        return []
    pose = np.array(target)
    pose[:3, 3] -= _LIFTED_M * pose[:3, 2]
    settings = [
        ScannerSettings(preset=p, depth_m=d)
        for p, d in ((Preset.CARDIAC, 0.15), (Preset.ABDOMEN, 0.18), (Preset.LINEAR, 0.04))
    ]
    return [frame_state_at(anatomy, pose, phases, s, k, k) for k, s in enumerate(settings)]

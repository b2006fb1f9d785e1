"""Sectors of real screens: against numbers that the files or their scanners tell, and boxes drawn by eye.

Errors are printed in px (`pytest -s`).
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from echopilot_core import ProbeKind, SectorBox
from echopilot_perception.frames import Clip, open_clip
from echopilot_perception.frames.checks import check

DATA = Path(__file__).parents[4] / "shared" / "data" / "ultrasound"
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the shared real images are not here")
NO_IMAGES = "WaterTankBottomTranslationTrackerBuffer-trimmed.igs.mha"
BY_EYE_OVERLAP = 0.95


@dataclass(frozen=True)
class Told:
    """What is known of a sector; `depth_px` is the depth that the scanner prints, from the face."""

    file: str
    kind: ProbeKind
    depth_px: float
    depth_error_px: float
    opening_deg: float = 0.0
    radius_px: float = 0.0


TOLD = (
    Told("abdominal/liver_sweep_convex_tracked.mp4", ProbeKind.CONVEX, 177 / 0.31482, 20.0, 60.56, 50.8 / 0.31482),
    Told("cardiac/a4c_cine_sonosite.dcm", ProbeKind.PHASED, 190 / 0.5105, 20.0, 86.0),  # from behind the face
    Told("cardiac/plax_colour_doppler_cine_philips.dcm", ProbeKind.PHASED, 150 / 0.30760, 16.0, 88.0),
    Told("no_contact/linear_in_air_philips_cine.dcm", ProbeKind.LINEAR, 40 / 0.083078, 12.0),
    Told("phantom/sonoque_axial-lateral-resolution-2020.dcm", ProbeKind.LINEAR, 40 / 0.0291, 25.0),
    Told("other_organs/obstetric_calliper_palette_philips.dcm", ProbeKind.CONVEX, 110 / 0.26229, 8.0, 67.0, 178.0),
)
BY_EYE = {
    "other_organs/clarius-ocular-short.mp4": SectorBox(262, 86, 1010, 878),
    "other_organs/lymph_node_power_doppler_ge.dcm": SectorBox(4, 108, 634, 340),
    "other_organs/sonosite-anon-eye1-video.mp4": SectorBox(385, 40, 725, 642),
    "phantom/interson-phantom.png": SectorBox(441, 52, 1005, 912),
    "phantom/butterfly_axial-lateral-resolution-2020.png": SectorBox(594, 25, 1326, 1066),
    "phantom/SpinePhantomFreehand.igs.mha": SectorBox(185, 10, 634, 604),
    "no_contact/philips_X51_AbdVasc.png": SectorBox(62, 84, 1224, 930),
    "no_contact/philips_X51_adultecho.png": SectorBox(100, 104, 1182, 897),
}


@pytest.mark.parametrize("told", TOLD, ids=lambda told: Path(told.file).stem)
def test_sectors_agree_with_what_the_scanner_tells(told: Told) -> None:
    clip = open_clip(DATA / told.file)
    geometry = clip.geometry
    depth_px, radius_px = geometry.depth_m / geometry.spacing_y_m, geometry.radius_m / geometry.spacing_y_m
    opening_deg = float(np.rad2deg(geometry.opening_angle_rad))
    print(
        f"{told.file}: depth {depth_px - told.depth_px:+.1f} px, radius {radius_px - told.radius_px:+.1f} px, "
        f"opening {opening_deg - told.opening_deg:+.1f} deg"
    )
    assert geometry.kind == told.kind
    assert depth_px == pytest.approx(told.depth_px, abs=told.depth_error_px)
    assert radius_px == pytest.approx(told.radius_px, abs=6.0)
    assert opening_deg == pytest.approx(told.opening_deg, abs=2.0)
    assert clip.spacing_known == told.file.endswith(".dcm")


@pytest.mark.parametrize("file", BY_EYE)
def test_sectors_cover_what_the_eye_sees(file: str) -> None:
    found, by_eye = open_clip(DATA / file).sector, BY_EYE[file]
    sides = ("left_px", "top_px", "right_px", "bottom_px")
    print(
        f"{file}: " + ", ".join(f"{side[:-3]} {getattr(found, side) - getattr(by_eye, side):+d} px" for side in sides)
    )
    assert overlap(found, by_eye) >= BY_EYE_OVERLAP


def test_no_vessel_is_cut_off() -> None:
    for file in sorted((DATA / "vascular" / "images").glob("*.png")):
        box = open_clip(file).sector
        mask = cv2.imread(str(DATA / "vascular" / "masks" / file.name)).any(axis=2)
        inside = mask[box.top_px : box.bottom_px, box.left_px : box.right_px].sum()
        assert inside >= 0.999 * mask.sum(), file.name


def test_poor_contact_does_not_hide_the_deep_part() -> None:
    """Echoes under a dark band belong to the fan; its last centimeters are black and cannot be known."""
    clip = open_clip(DATA / "no_contact" / "philips_partial_contact_unknown_view.png")
    reach_px = clip.geometry.depth_m / clip.geometry.spacing_y_m
    print(f"partial contact: depth {reach_px - 880:+.1f} px of 880")
    assert 780 <= reach_px <= 900 and clip.geometry.kind == ProbeKind.PHASED


def test_every_other_file_gives_frames_that_can_be_processed() -> None:
    rest = [f for folder in ("cardiac", "phantom") for f in sorted((DATA / folder).iterdir()) if f.suffix != ".json"]
    known = {*BY_EYE, *(told.file for told in TOLD)}
    for file in rest:
        if file.name != NO_IMAGES and str(file.relative_to(DATA)) not in known:
            clip: Clip = open_clip(file)
            check(next(clip.frames()))


def overlap(a: SectorBox, b: SectorBox) -> float:
    """Intersection over union of two boxes."""
    width = min(a.right_px, b.right_px) - max(a.left_px, b.left_px)
    height = min(a.bottom_px, b.bottom_px) - max(a.top_px, b.top_px)
    shared = max(width, 0) * max(height, 0)
    areas = [(box.right_px - box.left_px) * (box.bottom_px - box.top_px) for box in (a, b)]
    return shared / (sum(areas) - shared)

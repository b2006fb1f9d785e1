"""Diameters along a sweep: tilt, noise and outliers on tubes of known size."""

import numpy as np
import pytest

from echopilot_core import CaliperConvention, GateStatus, Measurement, MeasurementName, View, se3
from echopilot_exam.measure.aorta_stations import (
    STATION_M,
    AortaSection,
    aneurysm_finding,
    maximum_diameter,
    station_diameters,
)

SEED = 7


def tube_sections(
    diameter_m: float, tilt_rad: float, yaw_rad: float = 0.0, noise_m: float = 0.0, breathing_m: float = 0.0
) -> list[AortaSection]:
    """A straight tube along -y of base, cut by a probe that is tilted in elevation and yawed, 4 frames per mm."""
    rng = np.random.default_rng(SEED)
    sections = []
    radius = diameter_m / 2.0
    axis = np.array([0.0, -1.0, 0.0])
    for n in range(480):
        along = n * 0.00025
        turn = se3.so3_exp(np.array([tilt_rad, 0.0, 0.0])) @ se3.so3_exp(np.array([0.0, 0.0, yaw_rad]))
        R = np.diag([1.0, -1.0, -1.0]) @ turn
        T = se3.transform(R, np.array([0.5, -along, 0.2])) @ se3.transform(se3.R_PROBE_US_IMAGE, np.zeros(3))
        breath = breathing_m * np.sin(2 * np.pi * along / 0.032)
        center = np.array([0.5, 0.0, 0.12 + breath])
        # the section: points of the image plane at distance `radius` from the axis, an ellipse about its center
        t = T[:3, :3].T @ axis
        offset = T[:3, :3].T @ (center - T[:3, 3])
        middle = offset - t * offset[2] / t[2]
        extent = 2.0 * radius * np.sqrt(1.0 - t[0] ** 2) / abs(t[2])
        sections.append(AortaSection(n, T, middle[:2], extent + noise_m * rng.standard_normal()))
    return sections


@pytest.mark.parametrize("tilt_deg", [-20.0, -10.0, 0.0, 8.0, 15.0, 20.0])
@pytest.mark.parametrize("yaw_deg", [0.0, 10.0])
def test_tilted_tube_comes_out_with_its_true_diameter(tilt_deg: float, yaw_deg: float) -> None:
    sections = tube_sections(0.025, np.radians(tilt_deg), np.radians(yaw_deg), noise_m=0.0003, breathing_m=0.002)
    widest = maximum_diameter(station_diameters(sections))
    assert widest is not None
    assert widest.value == pytest.approx(0.025, abs=0.0003)
    stations = station_diameters(sections)
    assert np.median([s.value for s in stations]) == pytest.approx(0.025, abs=0.0003)
    assert widest.convention is CaliperConvention.OUTER_TO_OUTER


def test_tilt_would_show_without_the_correction() -> None:
    sections = tube_sections(0.025, np.radians(20.0))
    assert np.median([s.outer_ap_m for s in sections]) > 0.0264


def test_too_oblique_sections_give_no_number() -> None:
    assert station_diameters(tube_sections(0.025, np.radians(35.0))) == ()


def test_reversed_sweep_gives_the_same_maximum() -> None:
    bulge = [0.008 * float(np.exp(-(((n - 240) / 60) ** 2))) for n in range(480)]
    sections = [
        AortaSection(s.sequence, s.T_base_image, s.centroid_m, s.outer_ap_m + bulge[s.sequence])
        for s in tube_sections(0.02, 0.1)
    ]
    forward = maximum_diameter(station_diameters(sections))
    back = maximum_diameter(station_diameters(sections[::-1]))
    assert forward is not None and back is not None
    assert forward.value == pytest.approx(back.value, abs=0.0003)


def test_outliers_in_every_station_do_not_move_the_maximum() -> None:
    sections = tube_sections(0.022, 0.0, noise_m=0.0003)
    spoiled = [
        AortaSection(s.sequence, s.T_base_image, s.centroid_m, s.outer_ap_m + (0.02 if s.sequence % 5 == 0 else 0.0))
        for s in sections
    ]
    widest = maximum_diameter(station_diameters(spoiled))
    assert widest is not None and widest.value == pytest.approx(0.022, abs=0.0005)


def station(number: int, value_m: float) -> Measurement:
    return Measurement(
        MeasurementName.AORTA_OUTER_AP,
        value_m,
        "m",
        0.0004,
        View.AORTA_TRANS,
        CaliperConvention.OUTER_TO_OUTER,
        gate=GateStatus.PASSED,
        frame_sequences=(number,),
        station_m=(number + 0.5) * STATION_M,
    )


def test_maximum_needs_a_neighbor() -> None:
    lonely = [station(n, 0.020) for n in range(10)]
    lonely[5] = station(5, 0.041)
    widest = maximum_diameter(lonely)
    assert widest is not None and widest.value == 0.020
    lonely[6] = station(6, 0.039)
    widest = maximum_diameter(lonely)
    assert widest is not None and widest.value == 0.041
    assert maximum_diameter([station(1, 0.03)]) is None


def test_not_finite_sections_are_left_out() -> None:
    sections = tube_sections(0.025, 0.0)
    broken = [AortaSection(s.sequence, s.T_base_image, s.centroid_m, float("nan")) for s in sections[::3]]
    stations = station_diameters(broken + [s for s in sections if s.sequence % 3])
    assert stations and all(np.isfinite([s.value, s.sigma, s.station_m]).all() for s in stations)
    assert station_diameters(broken) == ()


@pytest.mark.parametrize(
    ("diameter_m", "raised", "borderline"),
    [(0.020, False, False), (0.0265, False, False), (0.028, True, True), (0.0315, True, True), (0.040, True, False)],
)
def test_aneurysm_wording(diameter_m: float, raised: bool, borderline: bool) -> None:
    finding = aneurysm_finding(station(3, diameter_m))
    assert (finding is not None) == raised
    if finding is not None:
        assert finding.borderline == borderline
        assert ("orderline" in finding.text and "repeat" in finding.text) == borderline
        assert "uspected by software, needs review" in finding.text
        assert "diagnos" not in finding.text.lower()
        assert (finding.probability >= 0.5) == (diameter_m >= 0.030)
        assert finding.frame_sequences == (3,)


def sac_sections(tilt_rad: float) -> list[AortaSection]:
    """A spindle-shaped sac on a straight vessel along -y of base, cut by a leaning probe: the exact outline, solved."""

    def radius_m(along_m: float) -> float:
        return 0.010 + 0.014 * float(np.exp(-(((along_m - 0.06) / 0.025) ** 2)))

    def reach_m(along_m: float, slope: float) -> float:
        low, high = 0.0, 0.08
        for _ in range(50):
            middle = 0.5 * (low + high)
            inside = middle * np.sqrt(1.0 - slope**2) < radius_m(along_m + middle * slope)
            low, high = (middle, high) if inside else (low, middle)
        return low

    sections = []
    turn = np.diag([1.0, -1.0, -1.0]) @ se3.so3_exp(np.array([tilt_rad, 0.0, 0.0]))
    for n in range(480):
        along = n * 0.00025
        R = se3.transform(turn, np.zeros(3)) @ se3.transform(se3.R_PROBE_US_IMAGE, np.zeros(3))
        front, back = reach_m(along, float(R[1, 1])), reach_m(along, -float(R[1, 1]))
        center = np.array([0.0, 0.08 + 0.5 * (back - front)])
        T = se3.transform(R[:3, :3], np.array([0.5, -along, 0.12]) - R[:3, :2] @ np.array([0.0, 0.08]))
        sections.append(AortaSection(n, T, center, front + back))
    return sections


@pytest.mark.parametrize("tilt_deg", [-18.0, -9.0, 0.0, 12.0, 18.0])
def test_a_sac_is_not_taken_for_a_tube(tilt_deg: float) -> None:
    widest = maximum_diameter(station_diameters(sac_sections(np.radians(tilt_deg))))
    assert widest is not None
    assert widest.value == pytest.approx(0.048, abs=0.0008)


def test_as_a_tube_the_sac_would_come_out_too_small() -> None:
    sections = sac_sections(np.radians(18.0))
    assert max(s.outer_ap_m for s in sections) * np.cos(np.radians(18.0)) < 0.0468

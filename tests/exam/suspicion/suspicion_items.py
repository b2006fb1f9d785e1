"""Findings, looks and sweeps for tests of second looks."""

from math import nan

import numpy as np

from echopilot_core import Finding, FindingKind, Look, Measurement, Suspicion, View, se3
from echopilot_exam.measure.aorta_stations import AortaSection, maximum_diameter, station_diameters
from echopilot_exam.suspicion.table import second_looks

ANEURYSM = FindingKind.ANEURYSM_ABDOMINAL
TRANS, LONG = View.AORTA_TRANS, View.AORTA_LONG


def finding(kind: FindingKind = ANEURYSM, view: View = TRANS, frames: tuple[int, ...] = (7, 8)) -> Finding:
    return Finding(kind, 0.9, view, frames, f"Suspected {kind.name}.")


def look(value: float, view: View = TRANS, title: str = "", unit: str = "m", detail: str = "") -> Look:
    return Look(title or view.name, view, value, 0.0005, unit, (1, 2, 3), detail)


def suspicion(*looks: Look, kind: FindingKind = ANEURYSM) -> Suspicion:
    row = second_looks()[kind]
    return Suspicion(finding(kind, looks[0].view), None, row.question, row.budget_s, 0, looks)


def no_number(why: str, view: View = LONG) -> Look:
    return Look("long axis", view, nan, nan, "m", (), why)


def sweep(widest_m: float = 0.044, at_m: float = 0.07, length_m: float = 0.14) -> list[AortaSection]:
    """Sections every 1 mm towards the feet (base -y), the probe looking down, with a bulge `at_m` from the first."""
    sections = []
    for number, way_m in enumerate(np.arange(0.0, length_m, 0.001)):
        T_base_probe = se3.transform(np.diag([1.0, -1.0, -1.0]), np.array([0.5, -way_m, 0.2]))
        diameter_m = 0.020 + (widest_m - 0.020) * float(np.exp(-(((way_m - at_m) / 0.02) ** 2)))
        T_base_image = T_base_probe @ se3.T_PROBE_US_IMAGE
        sections.append(AortaSection(100 + number, T_base_image, np.array([0.0, 0.075]), diameter_m))
    return sections


def maximum(sections: list[AortaSection]) -> Measurement:
    found = maximum_diameter(station_diameters(sections))
    assert found is not None
    return found

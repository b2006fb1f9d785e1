"""Thresholds of all findings with their sources, each defined here alone (docs/findings.md).

A `SizeLimit` compares a measured value with a guideline; around the limit a finding is only borderline, because
observers and repeated measurements differ by that much. A `ScoreLimit` compares a score between 0 and 1 of the network
or of the contact. The simulator's truth shares ANEURYSM_M, so that one stays in `echopilot_core`.
"""

from dataclasses import dataclass
from math import radians

from echopilot_core import ANEURYSM_M, EJECTION_FRACTIONS, CaliperConvention, FindingKind, MeasurementName


@dataclass(frozen=True)
class SizeLimit:
    """Where a measured value becomes a finding: from `value` on, borderline within [low, high] (ends included).

    `observer_sigma` is the spread between observers; it is added to the measurement's own sigma, which covers the mask
    alone. All in `unit` ("m", "1", "rad").
    """

    names: tuple[MeasurementName, ...]  # of the measurements that are compared
    unit: str
    value: float
    low: float
    high: float
    marked: float  # from here on the text states that the value is far beyond the limit
    observer_sigma: float
    source: str
    convention: CaliperConvention = CaliperConvention.NOT_APPLICABLE
    above: bool = True  # large values are suspicious; False: small ones


@dataclass(frozen=True)
class ScoreLimit:
    """A finding is raised when half of a window's frames score `raise_at`, and taken back when half fall below
    `keep_at`; between the two it stays as it was. Up to `sure_at` it is borderline.
    """

    raise_at: float
    keep_at: float
    sure_at: float
    source: str


@dataclass(frozen=True)
class FrameLimit:
    """Conditions that a frame must meet before it can show findings of the body."""

    min_coupling: float  # mean over the column groups
    max_ood: float
    min_quality: float
    min_view_probability: float  # of a finding's views together (echopilot_perception.views_that_show)


SIZES: dict[FindingKind, SizeLimit] = {
    FindingKind.ANEURYSM_ABDOMINAL: SizeLimit(
        names=(MeasurementName.AORTA_MAX_OUTER_AP, MeasurementName.AORTA_OUTER_AP),
        unit="m",
        value=ANEURYSM_M,
        low=0.028,
        high=0.032,
        marked=0.050,
        observer_sigma=0.0015,
        convention=CaliperConvention.OUTER_TO_OUTER,
        source="SVS 2018, ESC 2024: 30 mm outer to outer; 50 mm women, 55 mm men refer. Zone: +-2 mm, readers differ "
        "by 2 to 3 mm (Chiu 2014)",
    ),
    FindingKind.DILATED_ROOT: SizeLimit(
        names=(MeasurementName.AORTIC_ROOT,),
        unit="m",
        value=0.040,
        low=0.038,
        high=0.042,
        marked=0.050,
        observer_sigma=0.0015,
        convention=CaliperConvention.LEADING_EDGE,
        source="ESC 2024 (men; women 36 mm), ACC/AHA 2022: 40 mm leading edge to leading edge in PLAX. Zone: +-2 mm",
    ),
    FindingKind.REDUCED_EF: SizeLimit(
        names=EJECTION_FRACTIONS,
        unit="1",
        value=0.50,
        low=0.45,
        high=0.55,
        marked=0.30,
        observer_sigma=0.025,
        above=False,
        source="ASE/EACVI 2015: normal from 52 % (men), 54 % (women), severe below 30 %; the zone covers both, and the "
        "5 points by which single-plane EF repeats; 50 % as in ESC heart failure classes and BSE 2020",
    ),
    FindingKind.EFFUSION: SizeLimit(
        names=(MeasurementName.EFFUSION_DEPTH,),
        unit="m",
        value=0.005,
        low=0.003,
        high=0.007,
        marked=0.020,
        observer_sigma=0.001,
        source="ESC 2015: small below 10 mm, moderate to 20 mm, large above, at end-diastole; a few millimeters are "
        "physiological. 5 mm is an engineering choice",
    ),
    FindingKind.FORESHORTENED: SizeLimit(
        names=(),
        unit="rad",
        value=radians(15.0),
        low=radians(10.0),
        high=radians(20.0),
        marked=radians(30.0),
        observer_sigma=radians(3.0),
        source="engineering choice: 15 degrees between the image plane and the long axis of the LV, where this project "
        "stops calling a view near",
    ),
}

SCORES: dict[FindingKind, ScoreLimit] = {
    FindingKind.THROMBUS: ScoreLimit(
        0.5, 0.35, 0.7, "validation patients 510000 to 510069: 27 of 27 found, 4 of 43 called at any limit"
    ),
    FindingKind.DISSECTION_FLAP: ScoreLimit(
        0.6, 0.4, 0.8, "same patients: 3 of 3, 0 of 67; not lower: reverberations look alike (Vignon 2001)"
    ),
    FindingKind.EFFUSION: ScoreLimit(
        0.75,
        0.5,
        0.85,
        "same patients: 6 of 6 from 0.998 on, none of 64 above 0.70; where no depth is measured",
    ),
    FindingKind.NO_CONTACT: ScoreLimit(0.8, 0.7, 0.8, "engineering choice: four of five column groups see air"),
    FindingKind.WRONG_ORGAN: ScoreLimit(
        0.9, 0.75, 0.9, "the exam gate's limit; a score of 0.5 is the 99th percentile of validation patients"
    ),
}

SPEAKS = FrameLimit(min_coupling=0.5, max_ood=0.9, min_quality=0.25, min_view_probability=0.5)
"""Least that a frame needs to give evidence of a finding: mean coupling, distribution, quality and view."""

ABOUT_THE_IMAGE = frozenset({FindingKind.FORESHORTENED, FindingKind.NO_CONTACT, FindingKind.WRONG_ORGAN})
"""Findings about the image itself; all others are about the body."""

WINDOW_S = 1.0
"""Frames of the last second are combined: about a heart beat, and 8 mm of a sweep."""
FULL_SHARE = 0.75
"""Nothing is raised before the frames span this share of the window."""
MIN_FRAMES = 5
"""Frames of the window that can show a finding, at least."""
AGREEING = 0.5
"""Share of those frames that must agree."""
EVIDENCE_FRAMES = 5
"""Frames named with a finding, the strongest evidence first."""
CORRELATION_S = 0.25
"""Frames closer than this repeat one another: the scatter of a window counts as of one draw per such step."""
MIN_EF_FRAMES = 30
"""Frames with a measured ventricle before a clip yields an ejection fraction."""


def borderline(limit: SizeLimit, value: float) -> bool:
    """Whether a value lies in the zone, its ends included."""
    return limit.low <= value <= limit.high


def suspicious(limit: SizeLimit, value: float) -> bool:
    """Whether a value raises a finding: beyond the limit or in the zone before it. False for NaN."""
    return value >= limit.low if limit.above else value <= limit.high

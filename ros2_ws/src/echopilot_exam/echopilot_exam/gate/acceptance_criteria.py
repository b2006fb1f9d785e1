"""Table of acceptance gates: a row for every view, one for the sweep, one for views that the operator holds by hand.

The rows are less strict than a view probability of 0.8, coupling 0.8 and 70 % of the frames: at the limit of a view,
the network gives a probability of 0.3 where a sonographer would still accept the image. They were chosen on rendered
images of validation patients with `echopilot tune gates`, so that a probe within 8 degrees and 8 mm passes and one
beyond 20 degrees does not (figures: docs/protocol.md). The minimum areas lie well below the 5th percentile there.
"""

from echopilot_core import SegmentationClass, View
from echopilot_exam.gate.gate import AcceptanceGate, RequiredStructure

FREE = "FREE"
SWEEP = "AORTA_SWEEP"

_CM2 = 1e-4


def _static_view(
    view: View,
    areas_cm2: dict[SegmentationClass, float],
    centered: SegmentationClass,
    max_offset_m: float,
    min_quality: float = 0.2,
    min_view_probability: float = 0.3,
    min_coupled_fraction: float = 0.7,
) -> AcceptanceGate:
    return AcceptanceGate(
        view=view,
        min_view_probability=min_view_probability,
        min_quality=min_quality,
        min_coupled_fraction=min_coupled_fraction,
        max_ood=0.9,
        required_structures=tuple(RequiredStructure(structure, area * _CM2) for structure, area in areas_cm2.items()),
        centered=centered,
        max_offset_m=max_offset_m,
        min_passed_fraction=0.6,
        min_frames=8,
    )


_T = SegmentationClass
GATES: dict[str, AcceptanceGate] = {
    "PLAX": _static_view(View.PLAX, {_T.LV: 5.0, _T.LA: 4.0, _T.AO_ROOT: 4.0}, _T.LV, 0.045, 0.3),
    "PSAX_AV": _static_view(View.PSAX_AV, {_T.RV: 2.5, _T.AO_ROOT: 1.5}, _T.AO_ROOT, 0.040, 0.3),
    "PSAX_MV": _static_view(View.PSAX_MV, {_T.LV_MYO: 2.0, _T.RV: 3.0}, _T.LV_MYO, 0.040, 0.3),
    "PSAX_PM": _static_view(View.PSAX_PM, {_T.LV: 3.0, _T.LV_MYO: 5.0}, _T.LV, 0.035, 0.3),
    "A4C": _static_view(View.A4C, {_T.LV: 6.0, _T.LA: 2.0, _T.RV: 0.5, _T.RA: 0.5}, _T.LV, 0.045),
    "A5C": _static_view(View.A5C, {_T.RV: 0.5, _T.AO_ROOT: 1.5}, _T.AO_ROOT, 0.040),
    "A2C": _static_view(View.A2C, {_T.LV: 6.0, _T.LA: 1.5}, _T.LV, 0.040),
    "A3C": _static_view(View.A3C, {_T.LV: 6.0, _T.LA: 3.0, _T.AO_ROOT: 1.0}, _T.LV, 0.040),
    "SC4C": _static_view(
        View.SC4C, {_T.LV: 3.0, _T.RV: 2.5, _T.RA: 1.5}, _T.LV, 0.050, min_coupled_fraction=0.6
    ),  # up to 45 degrees from the skin normal: the far end of the face has the least contact
    "SC_IVC": _static_view(
        View.SC_IVC, {_T.IVC: 2.0, _T.LIVER: 5.0}, _T.IVC, 0.040, 0.15, min_coupled_fraction=0.6
    ),  # imaged without the heart: the network's quality is low even for good images
    "AORTA_TRANS": _static_view(
        View.AORTA_TRANS, {_T.AO_LUMEN: 0.6, _T.AO_WALL: 0.1}, _T.AO_LUMEN, 0.024, 0.4, min_view_probability=0.6
    ),
    "AORTA_LONG": _static_view(View.AORTA_LONG, {_T.AO_LUMEN: 4.0, _T.AO_WALL: 0.5}, _T.AO_LUMEN, 0.050),
    SWEEP: AcceptanceGate(
        view=View.AORTA_TRANS,
        min_view_probability=0.4,
        min_quality=0.25,
        min_coupled_fraction=0.6,
        max_ood=0.95,
        required_structures=(RequiredStructure(_T.AO_LUMEN, 0.6 * _CM2), RequiredStructure(_T.AO_WALL, 0.1 * _CM2)),
        centered=_T.AO_LUMEN,
        max_offset_m=0.040,
        min_passed_fraction=0.4,
        min_frames=30,
    ),  # its frames are aggregated robustly as well, so a single one may be weaker
    FREE: AcceptanceGate(
        view=View.NONE,
        min_view_probability=0.0,
        min_quality=0.0,
        min_coupled_fraction=0.5,
        max_ood=1.0,
        required_structures=(),
        centered=_T.BACKGROUND,
        max_offset_m=0.0,
        min_passed_fraction=0.6,
        min_frames=8,
    ),  # a view that the network does not know: kept as images, without measurements
}

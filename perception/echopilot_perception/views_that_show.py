"""Table of views that show what a finding or a measurement is about; without one of them there is neither.

The one place of this rule: perception measures by it, findings are raised by it, the exam reports a part of it. NONE is
in no row. A finding about the image itself needs no view.
"""

from echopilot_core import FindingKind, MeasurementName, View

_N = MeasurementName
_SECTION = (View.AORTA_TRANS,)
_VESSEL = (View.AORTA_TRANS, View.AORTA_LONG)
_APICAL = (View.A4C, View.A5C, View.A2C, View.A3C)
_BIPLANE = (View.A4C, View.A2C)  # of the method of discs (ASE/EACVI 2015)
_HEART = (View.PLAX, View.PSAX_AV, View.PSAX_MV, View.PSAX_PM, *_APICAL, View.SC4C)

FINDING_VIEWS: dict[FindingKind, tuple[View, ...]] = {
    FindingKind.ANEURYSM_ABDOMINAL: _SECTION,
    FindingKind.DILATED_ROOT: (View.PLAX,),
    FindingKind.THROMBUS: _VESSEL,
    FindingKind.DISSECTION_FLAP: _VESSEL,
    FindingKind.EFFUSION: _HEART,
    FindingKind.REDUCED_EF: (View.A4C,),
    FindingKind.FORESHORTENED: (View.A4C,),
    FindingKind.NO_CONTACT: (),
    FindingKind.WRONG_ORGAN: (),
}

MEASUREMENT_VIEWS: dict[MeasurementName, tuple[View, ...]] = {
    **{name: _SECTION for name in MeasurementName if name.startswith("aorta_")},
    **{name: (View.PLAX,) for name in (_N.AORTIC_ROOT, _N.AORTIC_ROOT_PLAX, _N.ASCENDING_AORTA_PLAX)},
    _N.LV_VOLUME: _APICAL,  # one name for every long-axis cut; a fraction is taken from A4C and A2C alone
    **{name: (View.A4C,) for name in (_N.LV_VOLUME_DIRECT, _N.LV_EDV_A4C, _N.LV_ESV_A4C, _N.EF_SINGLE_PLANE_A4C)},
    **{name: (View.A2C,) for name in (_N.LV_VOLUME_A2C, _N.LV_EDV_A2C, _N.LV_ESV_A2C, _N.EF_SINGLE_PLANE_A2C)},
    **{name: _BIPLANE for name in (_N.LV_VOLUME_BIPLANE, _N.LV_EDV_BIPLANE, _N.LV_ESV_BIPLANE, _N.EF_BIPLANE)},
    **{name: _BIPLANE for name in (_N.LA_VOLUME, _N.LA_VOLUME_AREA_LENGTH, _N.LA_VOLUME_BIPLANE)},
    _N.IVC_DIAMETER: (View.SC_IVC,),
    _N.EFFUSION_DEPTH: _HEART,
}

NEEDS_FINDING: dict[MeasurementName, FindingKind] = {_N.EFFUSION_DEPTH: FindingKind.EFFUSION}
"""Measurements of what is usually absent: of a clip they are told only with the finding that frames agreed on."""


def shows(view: View, what: FindingKind | MeasurementName) -> bool:
    """Whether a frame of this view can show the finding, or what is measured."""
    if isinstance(what, MeasurementName):
        return view in MEASUREMENT_VIEWS[what]
    views = FINDING_VIEWS[what]
    return not views or view in views

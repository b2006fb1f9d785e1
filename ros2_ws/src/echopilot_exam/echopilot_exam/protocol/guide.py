"""Guide to each view for operators: probe position, index mark, beam, structures, measurements (clinical note 1.5)."""

from dataclasses import dataclass

from echopilot_core import View


@dataclass(frozen=True)
class ViewGuide:
    """One row of the clinical table. `mark` is a clock face on the patient: 12 is the head, 3 the patient's left."""

    title: str
    start: str
    mark: str
    beam: str
    shows: str
    takes: str  # what the exam measures; empty: images only


_PARASTERNAL = "left sternal edge, 3rd to 4th space"
_APICAL = "apex beat, 5th to 6th space, mid- to anterior axillary line"
_SUBCOSTAL = "below the xiphoid"
_ROOT = "root and ascending aorta, leading edge to leading edge"
_DISKS = "LV volumes by disks; biplane EF with the other apical view"

GUIDES: dict[View, ViewGuide] = {
    View.PLAX: ViewGuide(
        "Parasternal long axis", _PARASTERNAL, "10 to 11", "square to the chest; LV lies level",
        "LV, both mitral leaflets, aortic valve, root, LA; no apex", _ROOT,
    ),
    View.PSAX_AV: ViewGuide(
        "Parasternal short axis, aortic valve", _PARASTERNAL, "1 to 2", "tilted to the right shoulder",
        "three cusps, RV outflow, both atria", "",
    ),
    View.PSAX_MV: ViewGuide(
        "Parasternal short axis, mitral valve", _PARASTERNAL, "1 to 2", "tilted down", "mitral valve, round LV", "",
    ),
    View.PSAX_PM: ViewGuide(
        "Parasternal short axis, papillary muscles", _PARASTERNAL, "1 to 2", "tilted further down",
        "two papillary muscles, round LV", "",
    ),
    View.A4C: ViewGuide(
        "Apical four-chamber", _APICAL, "3", "to the right shoulder", "four chambers, both AV valves, apex at the top",
        f"EF and {_DISKS}, LA volume",
    ),
    View.A5C: ViewGuide("Apical five-chamber", _APICAL, "3", "10 to 20 degrees further up", "as A4C, and LVOT", ""),
    View.A2C: ViewGuide(
        "Apical two-chamber", _APICAL, "12 to 1", "as A4C, turned by -60 degrees", "LV, LA, mitral valve; no RV", _DISKS
    ),
    View.A3C: ViewGuide(
        "Apical long axis", _APICAL, "10 to 11", "as A4C, turned by -120 degrees", "LV, LA, aortic valve", ""
    ),
    View.SC4C: ViewGuide(
        "Subcostal four-chamber", _SUBCOSTAL, "3", "flat, 10 to 20 degrees to the skin, to the left shoulder",
        "four chambers, pericardium", "effusion where there is one",
    ),
    View.SC_IVC: ViewGuide(
        "Subcostal vena cava", _SUBCOSTAL, "12", "down", "vena cava into RA, hepatic vein", "diameter of the vena cava"
    ),
    View.AORTA_TRANS: ViewGuide(
        "Abdominal aorta, transverse", "below the xiphoid, slightly left", "3", "vertical, vertebra in the image",
        "round aorta on the spine, vena cava on the patient's right", "outer-to-outer AP diameter",
    ),
    View.AORTA_LONG: ViewGuide(
        "Abdominal aorta, long axis", "xiphoid to navel", "12", "as transverse, turned by 90 degrees",
        "parallel walls, spine below", "",
    ),
    View.NONE: ViewGuide("View held by hand", "where the operator holds the probe", "-", "-", "an image", ""),
}  # fmt: skip

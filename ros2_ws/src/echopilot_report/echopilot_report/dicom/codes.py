"""Coded words of the objects: LOINC, SNOMED CT and DICOM codes where they exist, else our own scheme."""

from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid

from echopilot_core import Convention, FindingKind, Tissue, View

SCHEME = "99ECHOPILOT"
SCHEME_UID = generate_uid(entropy_srcs=["EchoPilot", "coding scheme"])


def own(value: str, meaning: str) -> Code:
    """A code of our own scheme, for what no standard code was found."""
    return Code(value, SCHEME, meaning)


@dataclass(frozen=True)
class Quantity:
    """How one measurement is coded. `unit` is UCUM; `factor` and `digits` lead from SI to the stored value."""

    name: Code
    unit: Code
    factor: int
    digits: int
    site: Code
    derivation: Code | None = None
    method: Code | None = None


MILLIMETRE = Code("mm", "UCUM", "mm")
MILLILITRE = Code("mL", "UCUM", "mL")
PERCENT = Code("%", "UCUM", "%")
_AORTA = codes.SCT.AbdominalAorta
_LV = codes.SCT.LeftVentricle
_SINGLE, _BIPLANE = codes.DCM.MethodOfDisksSinglePlane, codes.DCM.MethodOfDisksBiplane
_LN = codes.LN


def _volume(name: Code, method: Code = _SINGLE, site: Code = _LV) -> Quantity:
    return Quantity(name, MILLILITRE, 10**6, 1, site, codes.SCT.Median, method)


def _fraction(name: Code, method: Code = _SINGLE) -> Quantity:
    return Quantity(name, PERCENT, 100, 0, _LV, codes.SCT.Median, method)


def _length(name: Code, site: Code, derivation: Code | None = codes.SCT.Median) -> Quantity:
    return Quantity(name, MILLIMETRE, 1000, 1, site, derivation)


QUANTITIES: dict[str, Quantity] = {
    "aorta_max_outer_ap": _length(codes.SCT.Diameter, _AORTA, codes.SCT.Maximum),
    "aorta_proximal_outer_ap": _length(own("AORTA_PROXIMAL", "Diameter in the upper third of the sweep"), _AORTA),
    "aorta_mid_outer_ap": _length(own("AORTA_MID", "Diameter in the middle third of the sweep"), _AORTA),
    "aorta_distal_outer_ap": _length(own("AORTA_DISTAL", "Diameter in the lower third of the sweep"), _AORTA),
    "aorta_outer_ap": _length(codes.SCT.Diameter, _AORTA),
    "aortic_root": _length(_LN.AorticRootDiameter, codes.SCT.AorticRoot),
    "aortic_root_plax": _length(_LN.AorticRootDiameter, codes.SCT.AorticRoot),
    "ascending_aorta_plax": _length(_LN.AscendingAortaDimension, codes.SCT.AscendingAorta),
    "ivc_diameter": _length(_LN.InferiorVenaCavaDiameter, codes.SCT.InferiorVenaCava),
    "effusion_depth": _length(own("EFFUSION_DEPTH", "Depth of pericardial effusion"), codes.SCT.Pericardium),
    "la_volume": _volume(_LN.LeftAtrialEndSystolicVolumeSinglePlane4CMOD, site=codes.SCT.LeftAtrium),
    "ef_single_plane_a4c": _fraction(_LN.LeftVentricularEjectionFractionSinglePlane4CMOD),
    "ef_single_plane_a2c": _fraction(_LN.LeftVentricularEjectionFractionSinglePlane2CMOD),
    "ef_biplane": _fraction(_LN.LeftVentricularEjectionFractionBiplaneMOD, _BIPLANE),
    "lv_edv_a4c": _volume(_LN.LeftVentricularEndDiastolicVolumeSinglePlane4CMOD),
    "lv_esv_a4c": _volume(_LN.LeftVentricularEndSystolicVolumeSinglePlane4CMOD),
    "lv_edv_a2c": _volume(_LN.LeftVentricularEndDiastolicVolumeSinglePlane2CMOD),
    "lv_esv_a2c": _volume(_LN.LeftVentricularEndSystolicVolumeSinglePlane2CMOD),
    "lv_edv_biplane": _volume(_LN.LeftVentricularEndDiastolicVolumeBiplaneMOD, _BIPLANE),
    "lv_esv_biplane": _volume(_LN.LeftVentricularEndSystolicVolumeBiplaneMOD, _BIPLANE),
}
"""By name of the measurement. What is not here gets a code of our own from `quantity_of`."""

_BY_UNIT = {"m": (MILLIMETRE, 1000, 1), "m3": (MILLILITRE, 10**6, 1), "1": (PERCENT, 100, 0)}


def quantity_of(name: str, unit: str) -> Quantity | None:
    """How a measurement is coded: by its name, else in our own scheme by its SI unit; None for an unknown unit."""
    if name in QUANTITIES:
        return QUANTITIES[name]
    if unit not in _BY_UNIT:
        return None
    ucum, factor, digits = _BY_UNIT[unit]
    return Quantity(own(name[:16], name.replace("_", " ")), ucum, factor, digits, codes.SCT.AnatomicalStructure)


CONVENTIONS: dict[Convention, Code] = {
    Convention.INNER_TO_INNER: own("INNER_TO_INNER", "Callipers inner edge to inner edge"),
    Convention.LEADING_EDGE: own("LEADING_EDGE", "Callipers leading edge to leading edge"),
    Convention.OUTER_TO_OUTER: own("OUTER_TO_OUTER", "Callipers outer edge to outer edge"),
}

VIEW_CODES: dict[View, Code] = {
    View.PLAX: codes.SCT.ParasternalLongAxis,
    View.PSAX_AV: codes.SCT.ParasternalShortAxisAtTheAorticValveLevel,
    View.PSAX_MV: codes.SCT.ParasternalShortAxisAtTheMitralValveLevel,
    View.PSAX_PM: codes.SCT.ParasternalShortAxisAtThePapillaryMuscleLevel,
    View.A4C: codes.SCT.ApicalFourChamber,
    View.A5C: Code("398994001", "SCT", "Apical five chamber"),
    View.A2C: codes.SCT.ApicalTwoChamber,
    View.A3C: codes.SCT.ApicalLongAxis,
    View.SC4C: codes.SCT.SubcostalLongAxis,
}

STRUCTURE = codes.SCT.AnatomicalStructure
ABNORMAL = codes.SCT.MorphologicallyAbnormalStructure
TISSUES: dict[Tissue, tuple[Code, Code]] = {
    Tissue.LV: (STRUCTURE, codes.SCT.LeftVentricle),
    Tissue.LV_MYO: (STRUCTURE, codes.SCT.LeftVentricleMyocardium),
    Tissue.LA: (STRUCTURE, codes.SCT.LeftAtrium),
    Tissue.RV: (STRUCTURE, codes.SCT.RightVentricle),
    Tissue.RA: (STRUCTURE, codes.SCT.RightAtrium),
    Tissue.AO_ROOT: (STRUCTURE, codes.SCT.AorticRoot),
    Tissue.AO_LUMEN: (STRUCTURE, codes.SCT.Aorta),
    Tissue.AO_WALL: (STRUCTURE, own("AO_WALL", "Wall of aorta, with thrombus")),
    Tissue.IVC: (STRUCTURE, codes.SCT.InferiorVenaCava),
    Tissue.VERTEBRA: (STRUCTURE, codes.SCT.Vertebra),
    Tissue.LIVER: (STRUCTURE, codes.SCT.Liver),
    Tissue.EFFUSION: (ABNORMAL, codes.SCT.PericardialEffusion),
}
"""Category and type of each class; acoustic shadow is no structure and is left out."""

RESULT, NO_NUMBER = own("RESULT", "Result"), own("NO_NUMBER", "No number passed the quality gate")
SUSPICION = own("SUSPICION", "Suspected by software, needs review")
FINDINGS: dict[FindingKind, Code] = {
    FindingKind.ANEURYSM_ABDOMINAL: codes.SCT.AorticAneurysm,
    FindingKind.DILATED_ROOT: codes.SCT.EnlargedAorticRoot,
    FindingKind.DISSECTION_FLAP: codes.SCT.AorticDissection,
    FindingKind.EFFUSION: codes.SCT.PericardialEffusion,
}


def finding_code(kind: FindingKind) -> Code:
    """Code of a finding."""
    return FINDINGS.get(kind) or own(kind.name[:16], kind.name.replace("_", " ").capitalize())


def item(code: Code) -> Dataset:
    """A code sequence item."""
    data = Dataset()
    data.CodeValue, data.CodingSchemeDesignator, data.CodeMeaning = code.value, code.scheme_designator, code.meaning
    return data


def add_scheme(data: Dataset) -> None:
    """Declare our own coding scheme on an object that uses it."""
    scheme = Dataset()
    scheme.CodingSchemeDesignator, scheme.CodingSchemeUID = SCHEME, SCHEME_UID
    scheme.CodingSchemeName = "EchoPilot codes"
    scheme.CodingSchemeResponsibleOrganization = "EchoPilot developers"
    data.CodingSchemeIdentificationSequence = DicomSequence([scheme])

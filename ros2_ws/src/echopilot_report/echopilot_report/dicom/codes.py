"""Codes of the objects: LOINC, SNOMED CT and DICOM where they exist, otherwise scheme 99ECHOPILOT."""

from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid

from echopilot_core import CaliperConvention, FindingKind, MeasurementName, SegmentationClass, SuspicionOutcome, View

SCHEME = "99ECHOPILOT"
SCHEME_UID = generate_uid(entropy_srcs=["EchoPilot", "coding scheme"])


def own(value: str, meaning: str) -> Code:
    """A code of scheme 99ECHOPILOT, for concepts without a standard code."""
    return Code(value, SCHEME, meaning)


@dataclass(frozen=True)
class Quantity:
    """Coding of one measurement. `unit` is UCUM; `factor` and `digits` convert from SI to the stored value."""

    name: Code
    unit: Code
    factor: int
    digits: int
    site: Code
    derivation: Code | None = None
    method: Code | None = None


MILLIMETER = Code("mm", "UCUM", "mm")
MILLILITER = Code("mL", "UCUM", "mL")
PERCENT = Code("%", "UCUM", "%")
NEWTON = Code("N", "UCUM", "N")
_AORTA = codes.SCT.AbdominalAorta
_LV = codes.SCT.LeftVentricle
_SINGLE, _BIPLANE = codes.DCM.MethodOfDisksSinglePlane, codes.DCM.MethodOfDisksBiplane
_LN = codes.LN


def _volume(name: Code, method: Code = _SINGLE, site: Code = _LV) -> Quantity:
    return Quantity(name, MILLILITER, 10**6, 1, site, codes.SCT.Median, method)


def _fraction(name: Code, method: Code = _SINGLE) -> Quantity:
    return Quantity(name, PERCENT, 100, 0, _LV, codes.SCT.Median, method)


def _length(name: Code, site: Code, derivation: Code | None = codes.SCT.Median) -> Quantity:
    return Quantity(name, MILLIMETER, 1000, 1, site, derivation)


_N = MeasurementName
QUANTITIES: dict[MeasurementName, Quantity] = {
    _N.AORTA_MAX_OUTER_AP: _length(codes.SCT.Diameter, _AORTA, codes.SCT.Maximum),
    **{
        name: _length(own(f"AORTA_{code}_{short}", f"{word} diameter in the {place} third of the sweep"), _AORTA, how)
        for word, short, how, names in (
            (
                "Median",
                "MED",
                codes.SCT.Median,
                (_N.AORTA_PROXIMAL_OUTER_AP, _N.AORTA_MID_OUTER_AP, _N.AORTA_DISTAL_OUTER_AP),
            ),
            (
                "Largest",
                "MAX",
                codes.SCT.Maximum,
                (_N.AORTA_PROXIMAL_MAX_OUTER_AP, _N.AORTA_MID_MAX_OUTER_AP, _N.AORTA_DISTAL_MAX_OUTER_AP),
            ),
        )
        for name, code, place in zip(names, ("PROX", "MID", "DIST"), ("upper", "middle", "lower"), strict=True)
    },
    _N.AORTA_OUTER_AP: _length(own("AORTA_STATION", "Diameter at a station of the sweep"), _AORTA),
    _N.AORTIC_ROOT: _length(_LN.AorticRootDiameter, codes.SCT.AorticRoot),
    _N.AORTIC_ROOT_PLAX: _length(_LN.AorticRootDiameter, codes.SCT.AorticRoot),
    _N.ASCENDING_AORTA_PLAX: _length(_LN.AscendingAortaDimension, codes.SCT.AscendingAorta),
    _N.IVC_DIAMETER: _length(_LN.InferiorVenaCavaDiameter, codes.SCT.InferiorVenaCava),
    _N.EFFUSION_DEPTH: _length(own("EFFUSION_DEPTH", "Depth of pericardial effusion"), codes.SCT.Pericardium),
    _N.LA_VOLUME: _volume(_LN.LeftAtrialEndSystolicVolumeSinglePlane4CMOD, site=codes.SCT.LeftAtrium),
    _N.EF_SINGLE_PLANE_A4C: _fraction(_LN.LeftVentricularEjectionFractionSinglePlane4CMOD),
    _N.EF_SINGLE_PLANE_A2C: _fraction(_LN.LeftVentricularEjectionFractionSinglePlane2CMOD),
    _N.EF_BIPLANE: _fraction(_LN.LeftVentricularEjectionFractionBiplaneMOD, _BIPLANE),
    _N.LV_EDV_A4C: _volume(_LN.LeftVentricularEndDiastolicVolumeSinglePlane4CMOD),
    _N.LV_ESV_A4C: _volume(_LN.LeftVentricularEndSystolicVolumeSinglePlane4CMOD),
    _N.LV_EDV_A2C: _volume(_LN.LeftVentricularEndDiastolicVolumeSinglePlane2CMOD),
    _N.LV_ESV_A2C: _volume(_LN.LeftVentricularEndSystolicVolumeSinglePlane2CMOD),
    _N.LV_EDV_BIPLANE: _volume(_LN.LeftVentricularEndDiastolicVolumeBiplaneMOD, _BIPLANE),
    _N.LV_ESV_BIPLANE: _volume(_LN.LeftVentricularEndSystolicVolumeBiplaneMOD, _BIPLANE),
}
"""By name of the measurement; all others get a code of scheme 99ECHOPILOT from `quantity_of`."""

_BY_UNIT = {"m": (MILLIMETER, 1000, 1), "m3": (MILLILITER, 10**6, 1), "1": (PERCENT, 100, 0)}


def quantity_of(name: MeasurementName, unit: str) -> Quantity | None:
    """Coding of a measurement by its name, else by its number in scheme 99ECHOPILOT; None for an unknown unit."""
    if name in QUANTITIES:
        return QUANTITIES[name]
    if unit not in _BY_UNIT:
        return None
    ucum, factor, digits = _BY_UNIT[unit]
    return Quantity(own(f"MEASUREMENT_{name.code}", name.meaning), ucum, factor, digits, codes.SCT.AnatomicalStructure)


CONVENTIONS: dict[CaliperConvention, Code] = {
    CaliperConvention.INNER_TO_INNER: own("INNER_TO_INNER", "Calipers inner edge to inner edge"),
    CaliperConvention.LEADING_EDGE: own("LEADING_EDGE", "Calipers leading edge to leading edge"),
    CaliperConvention.OUTER_TO_OUTER: own("OUTER_TO_OUTER", "Calipers outer edge to outer edge"),
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
TISSUES: dict[SegmentationClass, tuple[Code, Code]] = {
    SegmentationClass.LV: (STRUCTURE, codes.SCT.LeftVentricle),
    SegmentationClass.LV_MYO: (STRUCTURE, codes.SCT.LeftVentricleMyocardium),
    SegmentationClass.LA: (STRUCTURE, codes.SCT.LeftAtrium),
    SegmentationClass.RV: (STRUCTURE, codes.SCT.RightVentricle),
    SegmentationClass.RA: (STRUCTURE, codes.SCT.RightAtrium),
    SegmentationClass.AO_ROOT: (STRUCTURE, codes.SCT.AorticRoot),
    SegmentationClass.AO_LUMEN: (STRUCTURE, codes.SCT.Aorta),
    SegmentationClass.AO_WALL: (STRUCTURE, own("AO_WALL", "Wall of aorta, with thrombus")),
    SegmentationClass.IVC: (STRUCTURE, codes.SCT.InferiorVenaCava),
    SegmentationClass.VERTEBRA: (STRUCTURE, codes.SCT.Vertebra),
    SegmentationClass.LIVER: (STRUCTURE, codes.SCT.Liver),
    SegmentationClass.EFFUSION: (ABNORMAL, codes.SCT.PericardialEffusion),
}
"""Category and type of each class; acoustic shadow is not a structure and is left out."""

RESULT, NO_NUMBER = own("RESULT", "Result"), own("NO_NUMBER", "No number passed the quality gate")
PROBE_FORCE = own("PROBE_FORCE", "Force of the probe on the skin")
UNPRESSED = own("UNPRESSED", "Interval of the diameter without probe force")
UNPRESSED_LOW = own("UNPRESSED_LOW", "Least diameter without probe force, 90 % interval")
UNPRESSED_HIGH = own("UNPRESSED_HIGH", "Largest diameter without probe force, 90 % interval")
SUSPICION = own("SUSPICION", "Suspected by software, needs review")
SECOND_LOOK = own("SECOND_LOOK", "Outcome of a second look by the same software")
SECOND_LOOK_OUTCOMES: dict[SuspicionOutcome, Code] = {
    SuspicionOutcome.OPEN: own("LOOK_OPEN", "Not settled by a second look"),
    SuspicionOutcome.CONFIRMED: own("LOOK_CONFIRMED", "Confirmed by a second look"),
    SuspicionOutcome.WITHDRAWN: own("LOOK_WITHDRAWN", "Withdrawn after a second look"),
}
FINDINGS: dict[FindingKind, Code] = {
    FindingKind.ANEURYSM_ABDOMINAL: codes.SCT.AorticAneurysm,
    FindingKind.DILATED_ROOT: codes.SCT.EnlargedAorticRoot,
    FindingKind.DISSECTION_FLAP: codes.SCT.AorticDissection,
    FindingKind.EFFUSION: codes.SCT.PericardialEffusion,
}


def finding_code(kind: FindingKind) -> Code:
    """Code of a finding."""
    return FINDINGS.get(kind) or own(kind.name, kind.name.replace("_", " ").capitalize())


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

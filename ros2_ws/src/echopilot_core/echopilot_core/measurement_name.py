"""Names of measurements with unit, caliper convention and meaning, each declared once."""

from enum import Enum, IntEnum


class CaliperConvention(IntEnum):
    """Caliper convention of a diameter; conventions are never mixed."""

    NOT_APPLICABLE = 0
    INNER_TO_INNER = 1
    LEADING_EDGE = 2
    OUTER_TO_OUTER = 3


_OUTER, _LEADING, _INNER = (
    CaliperConvention.OUTER_TO_OUTER,
    CaliperConvention.LEADING_EDGE,
    CaliperConvention.INNER_TO_INNER,
)
_NONE = CaliperConvention.NOT_APPLICABLE


class MeasurementName(str, Enum):
    """Name of a measured quantity; the value is the word in files and on the page.

    A member also carries `code` (1..255, the constant `NAME_<member>` in messages; 0 stands for none), `unit` (SI: "m",
    "m3", "1"), `convention` (NOT_APPLICABLE but for diameters) and `meaning`. Words and codes are never reused.
    """

    code: int
    unit: str
    convention: CaliperConvention
    meaning: str

    def __new__(cls, word: str, code: int, unit: str, convention: CaliperConvention, meaning: str) -> "MeasurementName":
        member = str.__new__(cls, word)
        member._value_ = word
        member.code, member.unit, member.convention, member.meaning = code, unit, convention, meaning
        return member

    AORTA_OUTER_AP = "aorta_outer_ap", 1, "m", _OUTER, "AP diameter in one frame, or of one station where that is set"
    AORTA_OUTER_AP_DIRECT = "aorta_outer_ap_direct", 2, "m", _OUTER, "AP diameter as the network reads it, without mask"
    AORTA_MAX_OUTER_AP = "aorta_max_outer_ap", 3, "m", _OUTER, "largest AP diameter of a sweep"
    AORTA_PROXIMAL_OUTER_AP = "aorta_proximal_outer_ap", 4, "m", _OUTER, "median AP diameter, upper third of a sweep"
    AORTA_MID_OUTER_AP = "aorta_mid_outer_ap", 5, "m", _OUTER, "median AP diameter, middle third of a sweep"
    AORTA_DISTAL_OUTER_AP = "aorta_distal_outer_ap", 6, "m", _OUTER, "median AP diameter, lower third of a sweep"
    AORTA_INNER_AP = "aorta_inner_ap", 7, "m", _INNER, "AP diameter of the lumen in one frame"
    AORTA_LEADING_AP = "aorta_leading_ap", 8, "m", _LEADING, "AP diameter without the far wall in one frame"
    AORTA_OUTER_TRANSVERSE = "aorta_outer_transverse", 9, "m", _OUTER, "transverse diameter in one frame"
    AORTA_INNER_TRANSVERSE = "aorta_inner_transverse", 10, "m", _INNER, "transverse diameter of the lumen in one frame"
    AORTA_LEADING_TRANSVERSE = "aorta_leading_transverse", 11, "m", _LEADING, "transverse diameter without one wall"
    AORTA_PROXIMAL_MAX_OUTER_AP = "aorta_proximal_max_outer_ap", 12, "m", _OUTER, "largest AP diameter, upper third"
    AORTA_MID_MAX_OUTER_AP = "aorta_mid_max_outer_ap", 13, "m", _OUTER, "largest AP diameter, middle third"
    AORTA_DISTAL_MAX_OUTER_AP = "aorta_distal_max_outer_ap", 14, "m", _OUTER, "largest AP diameter, lower third"

    AORTIC_ROOT = "aortic_root", 20, "m", _LEADING, "aortic root in PLAX as the network reads it, without mask"
    AORTIC_ROOT_PLAX = "aortic_root_plax", 21, "m", _LEADING, "widest place of the sinuses in PLAX"
    ASCENDING_AORTA_PLAX = "ascending_aorta_plax", 22, "m", _LEADING, "widest place of the tubular ascending aorta"

    LV_VOLUME = "lv_volume", 30, "m3", _NONE, "left ventricle in one frame, or its curve over A4C"
    LV_VOLUME_A2C = "lv_volume_a2c", 31, "m3", _NONE, "curve of the left ventricle over A2C"
    LV_VOLUME_DIRECT = "lv_volume_direct", 32, "m3", _NONE, "left ventricle as the network reads it"
    LV_VOLUME_BIPLANE = "lv_volume_biplane", 33, "m3", _NONE, "one frame of A4C and one of A2C"
    LV_EDV_A4C = "lv_edv_a4c", 34, "m3", _NONE, "end-diastolic volume, single plane A4C"
    LV_ESV_A4C = "lv_esv_a4c", 35, "m3", _NONE, "end-systolic volume, single plane A4C"
    LV_EDV_A2C = "lv_edv_a2c", 36, "m3", _NONE, "end-diastolic volume, single plane A2C"
    LV_ESV_A2C = "lv_esv_a2c", 37, "m3", _NONE, "end-systolic volume, single plane A2C"
    LV_EDV_BIPLANE = "lv_edv_biplane", 38, "m3", _NONE, "end-diastolic volume, A4C with A2C"
    LV_ESV_BIPLANE = "lv_esv_biplane", 39, "m3", _NONE, "end-systolic volume, A4C with A2C"

    EF_BIPLANE = "ef_biplane", 50, "1", _NONE, "ejection fraction, A4C with A2C"
    EF_SINGLE_PLANE_A4C = "ef_single_plane_a4c", 51, "1", _NONE, "ejection fraction from A4C"
    EF_SINGLE_PLANE_A2C = "ef_single_plane_a2c", 52, "1", _NONE, "ejection fraction from A2C"

    LA_VOLUME = "la_volume", 60, "m3", _NONE, "left atrium by discs, single plane"
    LA_VOLUME_AREA_LENGTH = (
        "la_volume_area_length",
        61,
        "m3",
        CaliperConvention.NOT_APPLICABLE,
        "left atrium by area and length",
    )
    LA_VOLUME_BIPLANE = "la_volume_biplane", 62, "m3", _NONE, "left atrium, A4C with A2C"

    IVC_DIAMETER = "ivc_diameter", 70, "m", _INNER, "median diameter of the inferior vena cava along its long axis"
    EFFUSION_DEPTH = "effusion_depth", 71, "m", _INNER, "widest place of a pericardial effusion"

    def __str__(self) -> str:
        return str(self.value)

    @classmethod
    def _missing_(cls, value: object) -> "MeasurementName":
        raise ValueError(f"unknown measurement {value!r}; valid: {', '.join(cls)}")

    @classmethod
    def of(cls, word: str) -> "MeasurementName":
        """The name that is written `word` in files; raises ValueError with the valid choices."""
        return _BY_WORD[word] if word in _BY_WORD else cls._missing_(word)

    @classmethod
    def of_code(cls, code: int) -> "MeasurementName":
        """The name of a message's `code`; raises ValueError with the valid choices."""
        if code not in _BY_CODE:
            raise ValueError(f"unknown code of a measurement {code}; valid: {', '.join(str(c) for c in _BY_CODE)}")
        return _BY_CODE[code]


_BY_WORD = {str(name): name for name in MeasurementName}
_BY_CODE = {name.code: name for name in MeasurementName}

EJECTION_FRACTIONS = (
    MeasurementName.EF_BIPLANE,
    MeasurementName.EF_SINGLE_PLANE_A4C,
    MeasurementName.EF_SINGLE_PLANE_A2C,
)
"""The most trusted first."""

THIRD_MEDIANS = (
    MeasurementName.AORTA_PROXIMAL_OUTER_AP,
    MeasurementName.AORTA_MID_OUTER_AP,
    MeasurementName.AORTA_DISTAL_OUTER_AP,
)
THIRD_MAXIMA = (
    MeasurementName.AORTA_PROXIMAL_MAX_OUTER_AP,
    MeasurementName.AORTA_MID_MAX_OUTER_AP,
    MeasurementName.AORTA_DISTAL_MAX_OUTER_AP,
)
"""Of the thirds of the aorta, from proximal to distal."""

"""Allowed texts of de-identified objects: a closed list of known words and patterns."""

import re
from functools import lru_cache

from pydicom.sr._concepts_dict import concepts
from pydicom.sr.coding import Code

from echopilot_core import FindingKind
from echopilot_report.dicom.codes import (
    CONVENTIONS,
    NO_NUMBER,
    PROBE_FORCE,
    QUANTITIES,
    RESULT,
    SCHEME,
    SECOND_LOOK,
    SECOND_LOOK_OUTCOMES,
    SUSPICION,
    TISSUES,
    UNPRESSED_HIGH,
    UNPRESSED_LOW,
    VIEW_CODES,
    finding_code,
)
from echopilot_report.dicom.study import MANUFACTURER, MODEL, NOTICE, SERIAL

FREE_WORDS = frozenset(
    {MANUFACTURER, MODEL, SERIAL, NOTICE, SCHEME, "unknown", "EchoPilot codes", "EchoPilot developers"}
)
"""Fixed texts of EchoPilot that are kept."""

_FRAMES = r"( at \d+\.\d mm)?( frames( \d+)+)?"
_NAMES = "|".join([*(re.escape(name) for name in QUANTITIES), *(kind.name for kind in FindingKind)])
_TISSUE = "|".join(tissue.name for tissue in TISSUES)
TEXT = re.compile(
    rf"(({_NAMES}){_FRAMES}|({_TISSUE}) in frame \d+|Classes seen in frame \d+|"
    r"echopilot-edge-\d+(\.\d+)*|[0-9a-f]{64})"
)
"""Patterns of EchoPilot's texts: measurement or finding with its frames, class in a frame, model and its hash."""

CODED = {
    "AcquisitionTimeSynchronized": "N Y",
    "BodyPartExamined": "ABDOMEN HEART",
    "BurnedInAnnotation": "NO YES",
    "CompletionFlag": "COMPLETE PARTIAL",
    "ContentLabel": "ECHOPILOT",
    "ContentQualification": "RESEARCH",
    "ContinuityOfContent": "CONTINUOUS SEPARATE",
    "DimensionOrganizationType": "3D TILED_FULL",
    "GraphicType": "POINT MULTIPOINT POLYLINE CIRCLE ELLIPSE",
    "ImageType": "ORIGINAL DERIVED PRIMARY SECONDARY ABDOMINAL TTE 0001",
    "LossyImageCompression": "00 01",
    "MappingResource": "DCMR",
    "Modality": "US SEG SR",
    "PhotometricInterpretation": "MONOCHROME1 MONOCHROME2 RGB",
    "PreliminaryFlag": "PRELIMINARY FINAL",
    "PresentationLUTShape": "IDENTITY",
    "RelationshipType": "CONTAINS|HAS CONCEPT MOD|HAS OBS CONTEXT|HAS PROPERTIES|INFERRED FROM|SELECTED FROM",
    "SegmentAlgorithmType": "AUTOMATIC",
    "SegmentationType": "BINARY",
    "SegmentsOverlap": "NO UNDEFINED YES",
    "SpatialLocationsPreserved": "NO YES REORIENTED_ONLY",
    "SpecificCharacterSet": "ISO_IR 192",
    "SynchronizationTrigger": "NO TRIGGER",
    "TemplateIdentifier": "1500 1501",
    "ValueType": "CONTAINER CODE NUM TEXT UIDREF IMAGE SCOORD",
    "VerificationFlag": "UNVERIFIED",
    "VolumetricProperties": "VOLUME",
}
"""Allowed values of coded strings by keyword; values that contain blanks are separated by |."""


def coded_words(keyword: str) -> frozenset[str]:
    """Allowed values of a keyword of coded strings; empty for a keyword that is not allowed."""
    words = CODED.get(keyword, "")
    if "|" in words or keyword in ("SpecificCharacterSet", "SynchronizationTrigger"):
        return frozenset(words.split("|"))
    return frozenset(words.split())


def text_may_leave(text: str) -> bool:
    """Whether free text is one of EchoPilot's own."""
    return text in FREE_WORDS or TEXT.fullmatch(text) is not None or text.replace("_", " ") in _labels()


def meaning_of(scheme: str, value: str) -> str | None:
    """The meaning of a code by the standard's tables or EchoPilot's; None for any other code."""
    return _meanings().get((scheme, value))


@lru_cache(maxsize=1)
def _labels() -> frozenset[str]:
    fixed = {"Measurements", "Masks of key frames", "Key frames", "Segment Number", "Referenced Segment Number"}
    return frozenset({tissue.name.replace("_", " ") for tissue in TISSUES} | fixed)


@lru_cache(maxsize=1)
def _meanings() -> dict[tuple[str, str], str]:
    found = {
        (scheme, value): meaning
        for scheme in ("SCT", "LN", "DCM", "UCUM")
        for by_value in concepts[scheme].values()
        for value, (meaning, _) in by_value.items()
    }
    found |= {
        ("RFC5646", "en-US"): "English (United States)",
        ("UCUM", "%"): "%",
        ("UCUM", "mm"): "mm",
        ("UCUM", "mL"): "mL",
        ("UCUM", "N"): "N",
    }
    named = [
        *CONVENTIONS.values(),
        *VIEW_CODES.values(),
        SUSPICION,
        RESULT,
        NO_NUMBER,
        PROBE_FORCE,
        UNPRESSED_LOW,
        UNPRESSED_HIGH,
        SECOND_LOOK,
        *SECOND_LOOK_OUTCOMES.values(),
        *(q.name for q in QUANTITIES.values()),
    ]
    named += [*(kind for _, kind in TISSUES.values()), *(finding_code(kind) for kind in FindingKind)]
    return found | {(code.scheme_designator, code.value): code.meaning for code in named if isinstance(code, Code)}

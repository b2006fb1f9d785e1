"""What may stand in the text of an object that leaves: words known beforehand, nothing else."""

import re
from functools import lru_cache

from pydicom.sr._concepts_dict import concepts
from pydicom.sr.coding import Code

from echopilot_core import FindingKind
from echopilot_report.dicom.codes import (
    CONVENTIONS,
    NO_NUMBER,
    QUANTITIES,
    RESULT,
    SCHEME,
    SUSPICION,
    TISSUES,
    VIEW_CODES,
    finding_code,
)
from echopilot_report.dicom.study import MANUFACTURER, MODEL, NOTICE, SERIAL

FREE_WORDS = frozenset(
    {MANUFACTURER, MODEL, SERIAL, NOTICE, SCHEME, "unknown", "EchoPilot codes", "EchoPilot developers"}
)
"""Sentences of our own that stay as they are."""

_FRAMES = r"( at \d+\.\d mm)?( frames( \d+)+)?"
_NAMES = "|".join([*(re.escape(name) for name in QUANTITIES), *(kind.name for kind in FindingKind)])
_TISSUE = "|".join(tissue.name for tissue in TISSUES)
TEXT = re.compile(
    rf"(({_NAMES}){_FRAMES}|({_TISSUE}) in frame \d+|Classes seen in frame \d+|"
    r"echopilot-edge-\d+(\.\d+)*|[0-9a-f]{64})"
)
"""Shapes of our own text: measurement or finding with its frames, class in a frame, model and its hash."""

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
"""Words of coded strings, by keyword; those with a blank inside are split at | or stand alone."""


def coded_words(keyword: str) -> frozenset[str]:
    """Words that may stand under a keyword of coded strings; none for a keyword that may not leave."""
    words = CODED.get(keyword, "")
    if "|" in words or keyword in ("SpecificCharacterSet", "SynchronizationTrigger"):
        return frozenset(words.split("|"))
    return frozenset(words.split())


def text_may_leave(text: str) -> bool:
    """Whether free text is one of ours."""
    return text in FREE_WORDS or TEXT.fullmatch(text) is not None or text.replace("_", " ") in _labels()


def meaning_of(scheme: str, value: str) -> str | None:
    """The meaning that belongs to a code by the standard's own tables or ours; None for any other code."""
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
    }
    named = [
        *CONVENTIONS.values(),
        *VIEW_CODES.values(),
        SUSPICION,
        RESULT,
        NO_NUMBER,
        *(q.name for q in QUANTITIES.values()),
    ]
    named += [*(kind for _, kind in TISSUES.values()), *(finding_code(kind) for kind in FindingKind)]
    return found | {(code.scheme_designator, code.value): code.meaning for code in named if isinstance(code, Code)}

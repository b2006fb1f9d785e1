"""Modality and class of a DICOM object: ultrasound of the outside is read, nothing else."""

from pydicom import Dataset
from pydicom.uid import UID

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line

ULTRASOUND = ("US",)
UNTOLD = ("", "OT")  # as in secondary captures and teaching files
VOLUMES = ("1.2.840.10008.5.1.4.1.1.6.2", "1.2.840.113543.6.6.1.3.10002")  # Enhanced US Volume; Philips' own
NAMES = {
    "CT": "computed tomography",
    "MR": "magnetic resonance",
    "XA": "X-ray angiography",
    "RF": "radio fluoroscopy",
    "CR": "computed radiography",
    "DX": "digital radiography",
    "MG": "mammography",
    "NM": "nuclear medicine",
    "PT": "positron emission tomography",
    "IVUS": "ultrasound inside vessels",
    "IVOCT": "optical coherence tomography inside vessels",
    "ES": "endoscopy",
    "XC": "photography",
}
STORAGE = {
    "Computed Radiography Image Storage": "CR",
    "CT Image Storage": "CT",
    "MR Image Storage": "MR",
    "X-Ray Angiographic Image Storage": "XA",
    "X-Ray Radiofluoroscopic Image Storage": "RF",
    "Nuclear Medicine Image Storage": "NM",
    "Positron Emission Tomography Image Storage": "PT",
}


def check_modality(data: Dataset, name: str) -> None:
    """Raise EchoPilotError unless an object with pixels may show ultrasound from outside the body."""
    if not is_ultrasound(data):
        found = modality(data)
        told = f"{found} ({NAMES[found]})" if found in NAMES else one_line(found, 16)
        raise EchoPilotError(f"{name} shows {told}; only ultrasound from outside (modality US) is read")
    if str(data.get("SOPClassUID", "")) in VOLUMES:
        raise EchoPilotError(f"{name} holds ultrasound volumes; only 2-D images are read; export a plane")


def is_ultrasound(data: Dataset) -> bool:
    """Whether the modality, or the class where there is none, allows ultrasound."""
    return modality(data) in (*ULTRASOUND, *UNTOLD)


def modality(data: Dataset) -> str:
    """Modality of an object, by its class where it is not told; empty when neither says it."""
    told = str(data.get("Modality", "") or "").strip().upper()
    if told not in UNTOLD:
        return told
    kind = UID(str(data.get("SOPClassUID", "") or "")).name
    return next((short for words, short in STORAGE.items() if kind in (words, f"Enhanced {words}")), told)

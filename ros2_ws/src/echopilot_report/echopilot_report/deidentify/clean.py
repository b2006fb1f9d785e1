"""De-identification of one object."""

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.sr.codedict import codes
from pydicom.uid import (
    ComprehensiveSRStorage,
    ExplicitVRLittleEndian,
    SegmentationStorage,
    UltrasoundImageStorage,
    UltrasoundMultiFrameImageStorage,
)

from echopilot_report.deidentify.foreign import apply_rules, foreign_keywords
from echopilot_report.deidentify.names import NewNames
from echopilot_report.deidentify.pixels import CannotCleanError, keep_regions
from echopilot_report.deidentify.tags import NO_DAY, NO_TIME, allowed_part, own_keywords
from echopilot_report.dicom.codes import item
from echopilot_report.dicom.study import IMPLEMENTATION_UID, MANUFACTURER, MODEL, SERIAL, software_version

IMAGES = frozenset({UltrasoundImageStorage, UltrasoundMultiFrameImageStorage})
PAPERS = frozenset({SegmentationStorage, ComprehensiveSRStorage})
EMPTY = (
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "ReferringPhysicianName",
    "PatientOrientation",
)
METHOD = "EchoPilot allow-list, pixels outside regions blanked"


def cleaned(data: Dataset, names: NewNames) -> Dataset:
    """A new object that contains only elements known not to identify the patient; raises CannotCleanError.

    Own objects may be images, masks and reports; of other manufacturers only images.
    """
    sop_class = str(data.get("SOPClassUID", ""))
    own = data.get("Manufacturer") == MANUFACTURER and data.get("ManufacturerModelName") == MODEL
    if sop_class not in IMAGES and not (own and sop_class in PAPERS):
        raise CannotCleanError("only ultrasound images, and masks and measurements of EchoPilot, can be cleaned")
    old_patient, meta = str(data.get("PatientID", "")), data.file_meta
    if sop_class in IMAGES:
        keep_regions(data)
    if not own:
        data = apply_rules(data)
    kept = allowed_part(data, own_keywords() if own else foreign_keywords(), names)
    if kept is None or "SOPInstanceUID" not in kept:
        raise CannotCleanError("it lacks its identifier")
    return _completed(kept, names.patient(old_patient), own, str(meta.TransferSyntaxUID))


def _completed(kept: Dataset, patient: str, own: bool, syntax: str) -> Dataset:
    kept.file_meta = FileMetaDataset()
    kept.file_meta.MediaStorageSOPClassUID, kept.file_meta.MediaStorageSOPInstanceUID = (
        kept.SOPClassUID,
        kept.SOPInstanceUID,
    )
    kept.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian if kept.SOPClassUID in IMAGES else syntax
    kept.file_meta.ImplementationClassUID = IMPLEMENTATION_UID
    kept.SpecificCharacterSet = "ISO_IR 192"
    kept.PatientName, kept.PatientID = f"{patient}^", patient
    for keyword in EMPTY if kept.SOPClassUID != ComprehensiveSRStorage else EMPTY[:-1]:
        setattr(kept, keyword, "")
    kept.StudyDate, kept.StudyTime, kept.StudyID = NO_DAY, NO_TIME, "1"
    kept.Manufacturer = MANUFACTURER if own else ""
    if own:
        kept.ManufacturerModelName, kept.DeviceSerialNumber, kept.SoftwareVersions = MODEL, SERIAL, software_version()
    kept.PatientIdentityRemoved, kept.DeidentificationMethod = "YES", METHOD
    kept.DeidentificationMethodCodeSequence = DicomSequence(
        [item(codes.DCM.BasicApplicationConfidentialityProfile), item(codes.DCM.CleanPixelDataOption)]
    )
    kept.LongitudinalTemporalInformationModified = "REMOVED"
    if kept.SOPClassUID in IMAGES:
        kept.BurnedInAnnotation = "NO"
        if len(kept.get("ImageType", "")) < 2 or isinstance(kept.ImageType, str):
            kept.ImageType = ["DERIVED", "PRIMARY"]
        if "BodyPartExamined" not in kept:
            kept.Laterality = ""
    return kept

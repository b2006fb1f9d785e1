"""A rendered clip as DICOM: Ultrasound Multi-frame Image Storage with region calibration (PS3.3 A.7 and C.8.5.5)."""

from collections.abc import Sequence
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless, UltrasoundMultiFrameImageStorage, generate_uid

from echopilot_core import EchoPilotError, Frame, Preset
from echopilot_report.dicom.ultrasound import region, set_body_part, set_pixels

PATIENT_NAME = "EchoPilot^Synthetic"
STUDY_DATE = "20000101"  # nobody was examined on any day
IMPLEMENTATION_UID = generate_uid(entropy_srcs=["EchoPilot"])


def write_dicom(path: Path, frames: Sequence[Frame], rate_hz: float, subject: str, description: str) -> None:
    """Write frames of one size, losslessly compressed (JPEG-LS); the same subject and frames give the same bytes.

    `subject` names the virtual patient in PatientID and seeds the UIDs, `description` becomes SeriesDescription.
    Raises EchoPilotError without frames.
    """
    if not frames:
        raise EchoPilotError("a clip needs at least one frame")
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.ImplementationClassUID = IMPLEMENTATION_UID
    data.file_meta.ImplementationVersionName = "ECHOPILOT"
    _patient_and_study(data, subject, description, abdomen=frames[0].imaging.preset == Preset.ABDOMEN)
    _cine(data, frames, rate_hz)
    set_pixels(data, [frame.image for frame in frames])
    data.SequenceOfUltrasoundRegions = DicomSequence([region(frames[0].geometry, frames[0].sector)])
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.compress(JPEGLSLossless, generate_instance_uid=False)
    data.save_as(path, enforce_file_format=True)


def _patient_and_study(data: Dataset, subject: str, description: str, abdomen: bool) -> None:
    data.SpecificCharacterSet = "ISO_IR 192"
    set_body_part(data, abdomen)
    data.SOPClassUID = UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = generate_uid(entropy_srcs=[subject, description, "instance"])
    data.StudyInstanceUID = generate_uid(entropy_srcs=[subject, "study"])
    data.SeriesInstanceUID = generate_uid(entropy_srcs=[subject, description, "series"])
    data.StudyID, data.SeriesNumber, data.InstanceNumber = "1", 1, 1
    data.StudyDate, data.StudyTime = STUDY_DATE, "000000"
    data.AccessionNumber = data.ReferringPhysicianName = ""
    data.Modality, data.Manufacturer, data.ManufacturerModelName = "US", "EchoPilot", "virtual patient"
    data.PatientName, data.PatientID = PATIENT_NAME, subject
    data.PatientBirthDate = data.PatientSex = ""
    data.PatientOrientation = ""
    data.SeriesDescription = description
    data.ImageComments = "Synthetic image of a virtual patient. Not for diagnosis."


def _cine(data: Dataset, frames: Sequence[Frame], rate_hz: float) -> None:
    data.NumberOfFrames = len(frames)
    data.FrameTime = round(1000.0 / rate_hz, 6)
    data.FrameIncrementPointer = 0x00181063  # FrameTime
    data.CineRate = data.RecommendedDisplayFrameRate = round(rate_hz)
    data.StartTrim, data.StopTrim = 1, len(frames)
    data.EffectiveDuration = round(len(frames) / rate_hz, 3)

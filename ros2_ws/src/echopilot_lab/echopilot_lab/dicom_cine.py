"""A rendered clip as DICOM: Ultrasound Multi-frame Image Storage with region calibration (PS3.3 A.7 and C.8.5.5)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless, UltrasoundMultiFrameImageStorage, generate_uid

from echopilot_core import EchoPilotError, Frame

PATIENT_NAME = "EchoPilot^Synthetic"
STUDY_DATE = "20000101"  # nobody was examined on any day
CENTIMETRE, TISSUE, IMAGE_2D = 3, 1, 1
TRANSPARENCY_OPAQUE = 2  # region flags, bit 1: region is opaque
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
    _patient_and_study(data, subject, description, abdomen=frames[0].imaging.preset == "abdomen")
    _cine(data, frames, rate_hz)
    _pixels(data, frames)
    data.SequenceOfUltrasoundRegions = DicomSequence([_region(frames[0])])
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.compress(JPEGLSLossless, generate_instance_uid=False)
    data.save_as(path, enforce_file_format=True)


def _patient_and_study(data: Dataset, subject: str, description: str, abdomen: bool) -> None:
    data.SpecificCharacterSet = "ISO_IR 192"
    data.ImageType = ["ORIGINAL", "PRIMARY", "ABDOMINAL" if abdomen else "TTE", "0001"]  # 2D imaging
    data.BodyPartExamined = "ABDOMEN" if abdomen else "HEART"
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
    data.ImageComments = "Synthetic picture of a virtual patient. Not for diagnosis."


def _cine(data: Dataset, frames: Sequence[Frame], rate_hz: float) -> None:
    data.NumberOfFrames = len(frames)
    data.FrameTime = round(1000.0 / rate_hz, 6)
    data.FrameIncrementPointer = 0x00181063  # FrameTime
    data.CineRate = data.RecommendedDisplayFrameRate = round(rate_hz)
    data.StartTrim, data.StopTrim = 1, len(frames)
    data.EffectiveDuration = round(len(frames) / rate_hz, 3)


def _pixels(data: Dataset, frames: Sequence[Frame]) -> None:
    pixels = np.stack([frame.image for frame in frames])
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.Rows, data.Columns = pixels.shape[1:]
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PixelRepresentation = 7, 0
    data.LossyImageCompression = "00"
    data.PixelData = pixels.tobytes()


def _region(frame: Frame) -> Dataset:
    geometry, box = frame.geometry, frame.sector
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = IMAGE_2D, TISSUE, TRANSPARENCY_OPAQUE
    region.RegionLocationMinX0, region.RegionLocationMinY0 = box.left_px, box.top_px
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = box.right_px - 1, box.bottom_px - 1
    region.ReferencePixelX0 = (
        round(geometry.origin_u_px) - box.left_px
    )  # of the face's centre, from the region's corner
    region.ReferencePixelY0 = round(geometry.origin_v_px) - box.top_px
    region.ReferencePixelPhysicalValueX = region.ReferencePixelPhysicalValueY = 0.0
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = CENTIMETRE
    region.PhysicalDeltaX, region.PhysicalDeltaY = 100.0 * geometry.spacing_x_m, 100.0 * geometry.spacing_y_m
    region.TransducerFrequency = round(geometry.frequency_hz / 1000.0)  # kHz
    return region

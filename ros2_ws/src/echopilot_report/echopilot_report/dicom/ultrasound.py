"""Images as Ultrasound and Ultrasound Multi-frame Image Storage with region calibration (PS3.3 A.6, A.7, C.8.5.5)."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import JPEGLSLossless, UltrasoundImageStorage, UltrasoundMultiFrameImageStorage

from echopilot_core import ProbeGeometry, SectorBox, View
from echopilot_report.dicom.clips import ClipImages, StillImage
from echopilot_report.dicom.codes import VIEW_CODES, item
from echopilot_report.dicom.study import NOTICE, Study, blank_object, date_of, time_of

CENTIMETER, TISSUE, IMAGE_2D = 3, 1, 1
OPAQUE = 2  # region flags, bit 1
FRAME_TIME, FRAME_TIME_VECTOR = 0x00181063, 0x00181065
EVEN_WITHIN_MS = 1.5
"""Frame intervals that differ by less count as a constant rate; camera stamps are rounded to milliseconds."""
DERIVATION = "Gray copy of a clip that was recorded elsewhere, black outside the sector"
ABDOMINAL = frozenset({View.AORTA_TRANS, View.AORTA_LONG})


def clip_object(study: Study, clip: ClipImages, number: int) -> Dataset:
    """A clip with lossless compression (JPEG-LS)."""
    uid = study.uid("clip", clip.name)
    data = blank_object(study, UltrasoundMultiFrameImageStorage, uid, "clips", "US", number)
    _describe(study, data, clip.stills[0], f"Clip {clip.name}")
    steps_ms = [round((b.stamp_ns - a.stamp_ns) * 1e-6, 3) for a, b in pairwise(clip.stills)]
    data.NumberOfFrames = len(clip.stills)
    mean_ms = sum(steps_ms) / len(steps_ms)
    if max(steps_ms) - min(steps_ms) <= EVEN_WITHIN_MS:
        data.FrameTime, data.FrameIncrementPointer = round(mean_ms, 3), FRAME_TIME
        data.CineRate = data.RecommendedDisplayFrameRate = max(round(1000.0 / mean_ms), 1)
    else:
        data.FrameTimeVector, data.FrameIncrementPointer = [0.0, *steps_ms], FRAME_TIME_VECTOR
    data.StartTrim, data.StopTrim = 1, len(clip.stills)
    data.EffectiveDuration = round(sum(steps_ms) / 1000.0, 3)
    data.SynchronizationTrigger, data.AcquisitionTimeSynchronized = "NO TRIGGER", "N"
    data.SynchronizationFrameOfReferenceUID = study.uid("clock")
    set_pixels(data, [still.image for still in clip.stills])
    _say_origin(study, data)
    data.compress(JPEGLSLossless, generate_instance_uid=False)
    return data


def still_object(study: Study, still: StillImage, caption: str, number: int) -> Dataset:
    """A single image; `caption` is the reason why it was kept."""
    data = blank_object(study, UltrasoundImageStorage, study.uid("frame", str(still.sequence)), "frames", "US", number)
    _describe(study, data, still, "Key frames")
    data.ImageComments = f"{caption}. Frame {still.sequence}. {NOTICE}"
    set_pixels(data, [still.image])
    _say_origin(study, data)
    return data


def _describe(study: Study, data: Dataset, still: StillImage, description: str) -> None:
    set_body_part(data, still.view in ABDOMINAL)
    data.SeriesDescription = description
    data.PatientOrientation = ""
    taken = study.moment(still.stamp_ns)
    data.ContentDate = data.AcquisitionDate = date_of(taken)
    data.ContentTime = data.AcquisitionTime = time_of(taken)
    data.ImageComments = f"Frames from {still.sequence} on. {NOTICE}"
    if still.view in VIEW_CODES:
        data.ViewCodeSequence = DicomSequence([item(VIEW_CODES[still.view])])
    if still.calibrated:
        data.SequenceOfUltrasoundRegions = DicomSequence([region(still.geometry, still.sector)])


def _say_origin(study: Study, data: Dataset) -> None:
    """Whether pixels are the scanner's own: of copies nobody knows what was burned in, or compressed with loss."""
    data.BurnedInAnnotation = "NO"
    if study.derived:
        data.BurnedInAnnotation = "YES"
        data.ImageType = ["DERIVED", *data.ImageType[1:]]
        data.DerivationDescription = DERIVATION
        del data.LossyImageCompression


def set_body_part(data: Dataset, abdomen: bool) -> None:
    """Image type and body part of a two-dimensional image of the abdomen, or of the heart through the chest."""
    data.ImageType = ["ORIGINAL", "PRIMARY", "ABDOMINAL" if abdomen else "TTE", "0001"]  # 0001: two-dimensional
    data.BodyPartExamined = "ABDOMEN" if abdomen else "HEART"


def set_pixels(data: Dataset, images: Sequence[NDArray[np.uint8]]) -> None:
    """Gray images (H, W) of one size as pixel data without loss."""
    pixels = np.stack(images)
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.Rows, data.Columns = pixels.shape[1:]
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PixelRepresentation = 7, 0
    data.LossyImageCompression = "00"
    raw = pixels.tobytes()
    data.PixelData = raw + b"\0" * (len(raw) % 2)
    data["PixelData"].VR = "OB"


def region(geometry: ProbeGeometry, sector: SectorBox) -> Dataset:
    """The sector as a calibrated region; its reference pixel is the center of the transducer face."""
    data = Dataset()
    data.RegionSpatialFormat, data.RegionDataType, data.RegionFlags = IMAGE_2D, TISSUE, OPAQUE
    data.RegionLocationMinX0, data.RegionLocationMinY0 = sector.left_px, sector.top_px
    data.RegionLocationMaxX1, data.RegionLocationMaxY1 = sector.right_px - 1, sector.bottom_px - 1
    data.ReferencePixelX0 = round(geometry.origin_u_px) - sector.left_px  # from the region's corner
    data.ReferencePixelY0 = round(geometry.origin_v_px) - sector.top_px
    data.ReferencePixelPhysicalValueX = data.ReferencePixelPhysicalValueY = 0.0
    data.PhysicalUnitsXDirection = data.PhysicalUnitsYDirection = CENTIMETER
    data.PhysicalDeltaX, data.PhysicalDeltaY = 100.0 * geometry.spacing_x_m, 100.0 * geometry.spacing_y_m
    if geometry.frequency_hz > 0.0:
        data.TransducerFrequency = round(geometry.frequency_hz / 1000.0)  # kHz
    return data

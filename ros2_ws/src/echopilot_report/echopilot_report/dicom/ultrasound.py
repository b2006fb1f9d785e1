"""Pictures as Ultrasound and Ultrasound Multi-frame Image Storage with region calibration (PS3.3 A.6, A.7, C.8.5.5)."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import JPEGLSLossless, UltrasoundImageStorage, UltrasoundMultiFrameImageStorage

from echopilot_core import View
from echopilot_report.dicom.clips import Clip, Still
from echopilot_report.dicom.codes import VIEW_CODES, item
from echopilot_report.dicom.study import NOTICE, Study, blank_object, date_of, moment, time_of

CENTIMETRE, TISSUE, IMAGE_2D = 3, 1, 1
OPAQUE = 2  # region flags, bit 1
FRAME_TIME, FRAME_TIME_VECTOR = 0x00181063, 0x00181065
EVEN_WITHIN_MS = 1.5
"""Distances between frames that differ by less count as one rate; camera stamps are rounded to milliseconds."""
ABDOMINAL = frozenset({View.AORTA_TRANS, View.AORTA_LONG})


def clip_object(study: Study, clip: Clip, number: int) -> Dataset:
    """A clip, compressed without loss (JPEG-LS)."""
    uid = study.uid("clip", clip.name)
    data = blank_object(study, UltrasoundMultiFrameImageStorage, uid, "clips", "US", number)
    _describe(data, clip.stills[0], f"Clip {clip.name}")
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
    _pixels(data, clip.stills)
    data.compress(JPEGLSLossless, generate_instance_uid=False)
    return data


def still_object(study: Study, still: Still, caption: str, number: int) -> Dataset:
    """A single picture; `caption` says why it was kept."""
    data = blank_object(study, UltrasoundImageStorage, study.uid("frame", str(still.sequence)), "frames", "US", number)
    _describe(data, still, "Key frames")
    data.ImageComments = f"{caption}. Frame {still.sequence}. {NOTICE}"
    _pixels(data, [still])
    return data


def _describe(data: Dataset, still: Still, description: str) -> None:
    abdomen = still.view in ABDOMINAL
    data.ImageType = ["ORIGINAL", "PRIMARY", "ABDOMINAL" if abdomen else "TTE", "0001"]  # 0001: two-dimensional
    data.BodyPartExamined = "ABDOMEN" if abdomen else "HEART"
    data.SeriesDescription = description
    data.PatientOrientation = ""
    taken = moment(still.stamp_ns)
    data.ContentDate = data.AcquisitionDate = date_of(taken)
    data.ContentTime = data.AcquisitionTime = time_of(taken)
    data.ImageComments = f"Frames from {still.sequence} on. {NOTICE}"
    if still.view in VIEW_CODES:
        data.ViewCodeSequence = DicomSequence([item(VIEW_CODES[still.view])])
    data.SequenceOfUltrasoundRegions = DicomSequence([region(still)])


def _pixels(data: Dataset, stills: Sequence[Still]) -> None:
    pixels = np.stack([still.image for still in stills])
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.Rows, data.Columns = pixels.shape[1:]
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PixelRepresentation = 7, 0
    data.LossyImageCompression, data.BurnedInAnnotation = "00", "NO"
    raw = pixels.tobytes()
    data.PixelData = raw + b"\0" * (len(raw) % 2)
    data["PixelData"].VR = "OB"


def region(still: Still) -> Dataset:
    """The sector as a calibrated region; its reference pixel is the centre of the transducer face."""
    geometry, box = still.geometry, still.sector
    data = Dataset()
    data.RegionSpatialFormat, data.RegionDataType, data.RegionFlags = IMAGE_2D, TISSUE, OPAQUE
    data.RegionLocationMinX0, data.RegionLocationMinY0 = box.left_px, box.top_px
    data.RegionLocationMaxX1, data.RegionLocationMaxY1 = box.right_px - 1, box.bottom_px - 1
    data.ReferencePixelX0 = round(geometry.origin_u_px) - box.left_px  # from the region's corner
    data.ReferencePixelY0 = round(geometry.origin_v_px) - box.top_px
    data.ReferencePixelPhysicalValueX = data.ReferencePixelPhysicalValueY = 0.0
    data.PhysicalUnitsXDirection = data.PhysicalUnitsYDirection = CENTIMETRE
    data.PhysicalDeltaX, data.PhysicalDeltaY = 100.0 * geometry.spacing_x_m, 100.0 * geometry.spacing_y_m
    if geometry.frequency_hz > 0.0:
        data.TransducerFrequency = round(geometry.frequency_hz / 1000.0)  # kHz
    return data

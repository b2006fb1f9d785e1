"""Every DICOM object of one exam, in memory."""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pydicom.dataset import Dataset

from echopilot_exam.record import ExamRecord
from echopilot_report.dicom.clips import Place, StillImage, clips_of, places_of, still_of
from echopilot_report.dicom.encapsulated import document_object
from echopilot_report.dicom.segmentation import segmentation_object
from echopilot_report.dicom.structured import report_object
from echopilot_report.dicom.study import Study
from echopilot_report.dicom.ultrasound import clip_object, still_object
from echopilot_report.images.key_frames import chosen_keyframes


@dataclass(frozen=True)
class ExamObject:
    """An object with its file name and its exam frames in the order of its images."""

    file_name: str
    kind: str  # clip | frame | mask | measurements | document
    data: Dataset
    sequences: tuple[int, ...] = ()


def safe_name(text: str) -> str:
    """Text as part of a file name."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text)


def image_objects(record: ExamRecord, study: Study) -> tuple[list[ExamObject], dict[int, Place]]:
    """Clips, key frames and their masks, and the location of each exam frame."""
    images: list[tuple[ExamObject, tuple[StillImage, ...]]] = []
    for number, clip in enumerate(clips_of(record), 1):
        name = f"clip_{safe_name(clip.name)}.dcm"
        sequences = tuple(s.sequence for s in clip.stills)
        images.append((ExamObject(name, "clip", clip_object(study, clip, number), sequences), clip.stills))
    masks: list[ExamObject] = []
    for number, (key, caption) in enumerate(chosen_keyframes(record), 1):
        still = still_of(key)
        if still is None:
            continue
        source = still_object(study, still, caption, number)
        frame = f"{key.sequence:06d}"
        images.append((ExamObject(f"frame_{frame}.dcm", "frame", source, (key.sequence,)), (still,)))
        if key.label_map is not None:
            with quiet():
                mask = segmentation_object(study, source, still, key.label_map, record.header, number)
            if mask is not None:
                masks.append(ExamObject(f"mask_{frame}.dcm", "mask", mask, (key.sequence,)))
    return [image for image, _ in images] + masks, places_of((image.data, stills) for image, stills in images)


def paper_objects(
    record: ExamRecord,
    study: Study,
    places: Mapping[int, Place],
    images: Sequence[ExamObject],
    remarks: Sequence[str],
    pdf: bytes | None,
) -> list[ExamObject]:
    """The numbers where there are images to refer to, and the PDF where there is one.

    `remarks`: what the exam cannot tell.
    """
    used = [o.data for o in images if o.kind in ("clip", "frame")]
    objects: list[ExamObject] = []
    if used:  # a structured report needs evidence
        with quiet():
            numbers = report_object(study, record, places, used, remarks)
        objects.append(ExamObject("measurements.dcm", "measurements", numbers))
    if pdf is not None:
        objects.append(ExamObject("report.dcm", "document", document_object(study, pdf, "EchoPilot exam report")))
    return objects


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress warnings: highdicom warns about objects that dciodvfy accepts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield

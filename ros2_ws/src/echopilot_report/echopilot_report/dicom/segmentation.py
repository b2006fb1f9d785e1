"""Label map of one key frame as a binary Segmentation (PS3.3 A.51), referring to the single image it was made on."""

import highdicom
import numpy as np
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from echopilot_core import LabelMap, SegmentationClass
from echopilot_exam.record import RecordHeader
from echopilot_report.dicom.clips import StillImage
from echopilot_report.dicom.codes import TISSUES, add_scheme
from echopilot_report.dicom.study import (
    MANUFACTURER,
    MODEL,
    NOTICE,
    SERIAL,
    SERIES,
    Study,
    date_of,
    software_version,
    stamp_software,
    time_of,
)
from echopilot_report.images.overlay import labels_on_image


def segmentation_object(
    study: Study, source: Dataset, still: StillImage, label_map: LabelMap, header: RecordHeader, number: int
) -> Dataset | None:
    """The masks of a key frame on its own pixels; None where no class of TISSUES is on it. `source`: its image."""
    labels = labels_on_image(label_map, still.geometry, (still.image.shape[0], still.image.shape[1]))
    present = [tissue for tissue in SegmentationClass if tissue in TISSUES and (labels == tissue).any()]
    if not present:
        return None
    algorithm = highdicom.AlgorithmIdentificationSequence(
        name=header.model_id or "unknown",
        family=codes.DCM.ArtificialIntelligence,
        version=header.model_sha256 or "unknown",
        source=MANUFACTURER,
    )
    descriptions = [
        highdicom.seg.SegmentDescription(
            segment_number=k,
            segment_label=tissue.name.replace("_", " "),
            segmented_property_category=TISSUES[tissue][0],
            segmented_property_type=TISSUES[tissue][1],
            algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
            algorithm_identification=algorithm,
            tracking_uid=study.uid("segment", str(still.sequence), tissue.name),
            tracking_id=f"{tissue.name} in frame {still.sequence}",
        )
        for k, tissue in enumerate(present, 1)
    ]
    masks = np.stack([labels == tissue for tissue in present], axis=-1).astype(np.uint8)
    data: Dataset = highdicom.seg.Segmentation(
        source_images=[source],
        pixel_array=masks[None],
        segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=descriptions,
        series_instance_uid=study.series_uid("masks"),
        series_number=SERIES["masks"],
        sop_instance_uid=study.uid("mask", str(still.sequence)),
        instance_number=number,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MODEL,
        software_versions=software_version(),
        device_serial_number=SERIAL,
        content_label="ECHOPILOT",
        content_description=f"Classes seen in frame {still.sequence}",
        omit_empty_frames=False,
    )
    stamp_software(data)
    taken = study.moment(still.stamp_ns)
    data.ContentDate = data.SeriesDate = date_of(taken)
    data.ContentTime = data.SeriesTime = time_of(taken)
    data.SeriesDescription, data.ImageComments = "Masks of key frames", NOTICE
    data.PatientOrientation = ""
    add_scheme(data)
    return data

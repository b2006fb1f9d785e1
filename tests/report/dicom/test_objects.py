"""The DICOM objects: valid, equal to the record, traceable, and never more sure than software may be."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from dicom_world import children, errors_of, numbers, objects
from pydicom import dcmread
from pydicom.uid import (
    ComprehensiveSRStorage,
    SegmentationStorage,
    UltrasoundImageStorage,
    UltrasoundMultiFrameImageStorage,
)
from report_world import SENTENCE

from echopilot_core import GateStatus, MeasurementName, SegmentationClass
from echopilot_exam.record import read_exam
from echopilot_report.content.content import not_seen
from echopilot_report.content.numbers_json import report_document
from echopilot_report.dicom.codes import quantity_of
from echopilot_report.dicom.objects import image_objects, paper_objects
from echopilot_report.dicom.study import study_of
from echopilot_report.fhir import bundle_json
from echopilot_report.grading import UNKNOWN
from echopilot_report.images.key_frames import kept_frame
from echopilot_report.images.overlay import labels_on_image


def test_no_object_has_an_error(reported: Path) -> None:
    paths = sorted((reported / "dicom").iterdir())
    assert {path.name: found for path in paths if (found := errors_of(path))} == {}


def test_an_exam_leaves_every_kind_of_object_in_one_study(reported: Path) -> None:
    found = objects(reported)
    classes = {data.SOPClassUID for data in found.values()}
    assert {
        UltrasoundMultiFrameImageStorage,
        UltrasoundImageStorage,
        SegmentationStorage,
        ComprehensiveSRStorage,
    } <= classes
    assert len({data.StudyInstanceUID for data in found.values()}) == 1
    assert len({data.SOPInstanceUID for data in found.values()}) == len(found)
    assert {data.PatientID for data in found.values()} == {"P-0001"}
    for data in found.values():
        assert data.Manufacturer == "EchoPilot" and data.SoftwareVersions


def test_numbers_equal_the_record_at_the_stored_precision(reported: Path) -> None:
    raw = json.loads((reported / "exam.json").read_text())
    factors = {"m": (1e3, 0.1, "mm"), "m3": (1e6, 0.1, "mL"), "1": (100.0, 1.0, "%")}
    want = []
    for m in raw["measurements"]:
        if m["gate"] == "PASSED":
            factor, step, unit = factors[m["unit"]]
            want.append((round(round(m["value"] * factor / step) * step, 3), unit))
    got = []
    for item in numbers(objects(reported)["measurements.dcm"]):
        value = item.MeasuredValueSequence[0]
        got.append((float(value.NumericValue), value.MeasurementUnitsCodeSequence[0].CodeValue))
    assert want and sorted(got) == sorted(want)
    plain = json.loads((reported / "report.json").read_text())["numbers"]
    assert sorted((float(n["value"]), n["unit"]) for n in plain) == sorted(want)


def test_every_number_names_its_frames_its_model_and_its_calipers(reported: Path) -> None:
    record = read_exam(reported)
    by_frames = {" ".join(map(str, m.frame_sequences)): m for m in record.measurements}
    for item in numbers(objects(reported)["measurements.dcm"]):
        identifier = children(item, "Tracking Identifier")[0].TextValue
        m = by_frames[identifier.split(" frames ")[1]]
        assert children(item, "Algorithm Version")[0].TextValue == record.header.model_sha256
        methods = [c.ConceptCodeSequence[0].CodeValue for c in children(item, "Measurement Method")]
        if m.unit == "m":
            assert methods == ["OUTER_TO_OUTER"]


def test_report_is_preliminary_and_unverified_and_says_so(reported: Path) -> None:
    report = objects(reported)["measurements.dcm"]
    assert (report.PreliminaryFlag, report.VerificationFlag) == ("PRELIMINARY", "UNVERIFIED")
    comments = [c.TextValue for c in children(report, "Comment")]
    assert comments[0] == SENTENCE and comments[1:] == not_seen(read_exam(reported))


def test_calipers_lie_on_a_picture_of_the_study_and_are_as_long_as_measured(reported: Path) -> None:
    record, found = read_exam(reported), objects(reported)
    by_uid = {data.SOPInstanceUID: data for data in found.values()}
    checked = 0
    for item in numbers(found["measurements.dcm"]):
        for line in (c for c in item.ContentSequence if c.ValueType == "SCOORD"):
            reference = line.ContentSequence[0].ReferencedSOPSequence[0]
            region = by_uid[reference.ReferencedSOPInstanceUID].SequenceOfUltrasoundRegions[0]
            ends = np.array(line.GraphicData).reshape(2, 2)
            length_mm = 10.0 * np.hypot(*((ends[1] - ends[0]) * [region.PhysicalDeltaX, region.PhysicalDeltaY]))
            frames = children(item, "Tracking Identifier")[0].TextValue.split(" frames ")[1]
            m = next(m for m in record.measurements if " ".join(map(str, m.frame_sequences)) == frames)
            near, far = m.end_points
            assert length_mm == pytest.approx(1e3 * math.hypot(far.x_m - near.x_m, far.y_m - near.y_m), abs=1e-3)
            checked += 1
    assert checked


def test_clip_holds_the_pictures_of_the_record_without_loss(reported: Path) -> None:
    record, found = read_exam(reported), objects(reported)
    clip = record.clips[-1]
    data = found[f"clip_{clip.name}.dcm"]
    assert data.file_meta.TransferSyntaxUID.is_compressed and data.NumberOfFrames == len(clip.frames)
    pixels = data.pixel_array
    assert all((pixels[k] == clip.image(frame)).all() for k, frame in list(enumerate(clip.frames))[::20])


def test_mask_is_the_label_map_on_the_pixels_of_its_picture(reported: Path) -> None:
    record, found = read_exam(reported), objects(reported)
    names = [name for name in found if name.startswith("mask_")]
    assert names
    for name in names:
        key = kept_frame(record, int(name[5:11]))
        assert key is not None and key.label_map is not None
        data, image = found[name], found[name.replace("mask", "frame")]
        labels = labels_on_image(key.label_map, key.geometry, (image.Rows, image.Columns))
        reference = data.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0]
        assert reference.ReferencedSOPInstanceUID == image.SOPInstanceUID
        masks = data.pixel_array.reshape(-1, image.Rows, image.Columns)
        for segment, mask in zip(data.SegmentSequence, masks, strict=True):
            assert (mask == (labels == SegmentationClass[segment.SegmentLabel.replace(" ", "_")])).all()


def test_made_again_the_objects_keep_their_identifiers(reported: Path) -> None:
    record = read_exam(reported)
    study = study_of(record, UNKNOWN)
    again, _ = image_objects(record, study)
    for o in again:
        assert o.data.SOPInstanceUID == dcmread(reported / "dicom" / o.file_name).SOPInstanceUID


def test_refused_exam_gives_no_number_anywhere_but_the_reason(refused: Path) -> None:
    record = read_exam(refused)
    assert not any(m.gate is GateStatus.PASSED for m in record.measurements)
    study = study_of(record, UNKNOWN)
    images, places = image_objects(record, study)
    remarks = not_seen(record)
    papers = paper_objects(record, study, places, images, remarks, None)
    assert all(numbers(paper.data) == [] for paper in papers)
    assert any("ejection fraction could be measured" in remark for remark in remarks)
    bundle = json.loads(bundle_json(record, study, [*images, *papers]))
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert "Observation" not in kinds and "DiagnosticReport" in kinds
    document = report_document(record)
    assert document["numbers"] == [] and any("median quality" in line for line in document["not_seen"])


def test_a_measurement_without_a_standard_code_gets_one_of_ours() -> None:
    quantity = quantity_of(MeasurementName.AORTA_INNER_AP, "m")
    assert quantity is not None and quantity.name.scheme_designator == "99ECHOPILOT" and quantity.unit.value == "mm"
    assert len(quantity.name.value) <= 16 and quantity_of(MeasurementName.AORTA_INNER_AP, "furlong") is None

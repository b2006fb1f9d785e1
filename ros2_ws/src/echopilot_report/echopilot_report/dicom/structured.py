"""Measurements and suspicions of an exam as Comprehensive SR by TID 1500, preliminary and unverified."""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import groupby

import numpy as np
from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from echopilot_core import Finding, GateStatus, Measurement, ProbeGeometry, Suspicion, View
from echopilot_exam.record import ExamRecord, RecordHeader
from echopilot_report.content.pressure import has_interval, pressures_of
from echopilot_report.content.probe_pressure import ProbePressure
from echopilot_report.content.second_looks import current_measurements, look_frames, second_look_text, suspicion_of
from echopilot_report.dicom.clips import Place
from echopilot_report.dicom.codes import (
    CONVENTIONS,
    MILLIMETER,
    NEWTON,
    NO_NUMBER,
    PROBE_FORCE,
    RESULT,
    SECOND_LOOK,
    SECOND_LOOK_OUTCOMES,
    SUSPICION,
    UNPRESSED_HIGH,
    UNPRESSED_LOW,
    Quantity,
    add_scheme,
    finding_code,
    item,
    quantity_of,
)
from echopilot_report.dicom.study import (
    DEVICE_UID,
    MANUFACTURER,
    MODEL,
    NOTICE,
    SERIES,
    Study,
    date_of,
    stamp_software,
    time_of,
)
from echopilot_report.grading.derive import rounded

IMAGES_PER_NUMBER = 16
"""Most images that one number refers to; its text lists every frame."""


def report_object(
    study: Study, record: ExamRecord, places: Mapping[int, Place], images: Sequence[Dataset], remarks: Sequence[str]
) -> Dataset:
    """All numbers that passed the gate.

    `images` are the objects that `places` refer to; `remarks` list what was not assessed. Needs at least
    one image. Without numbers and findings it says that none passed, and holds the remarks.
    """
    groups = _number_groups(study, record, places) + _finding_groups(study, record, places)
    groups = groups or [_nothing(study, record.header)]
    device = sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
            uid=DEVICE_UID, name="EchoPilot", manufacturer_name=MANUFACTURER, model_name=MODEL
        ),
    )
    content = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=device),
        procedure_reported=codes.SCT.DiagnosticUltrasonography,
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )
    for remark in (NOTICE, *remarks):
        content[0].ContentSequence.append(
            sr.TextContentItem(
                name=codes.DCM.Comment, value=remark, relationship_type=sr.RelationshipTypeValues.CONTAINS
            )
        )
    data: Dataset = sr.ComprehensiveSR(
        evidence=list(images),
        content=content[0],
        series_instance_uid=study.series_uid("measurements"),
        series_number=SERIES["measurements"],
        sop_instance_uid=study.uid("measurements", repr(study.facts)),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=record.complete,
        is_final=False,
        is_verified=False,
    )
    stamp_software(data)
    data.ContentDate = data.SeriesDate = date_of(study.started)
    data.ContentTime = data.SeriesTime = time_of(study.started)
    data.SeriesDescription = "Measurements"
    add_scheme(data)
    return data


def stored(m: Measurement, quantity: Quantity) -> float:
    """The value as it is stored, in the unit of `quantity`: 0.1 mm, 0.1 mL or 1 %."""
    value = rounded(m.value, quantity.factor, Decimal(10) ** -quantity.digits)
    return float(value) if quantity.digits else int(value)


def reportable(measurements: Sequence[Measurement]) -> list[tuple[Measurement, Quantity]]:
    """Finite numbers of a named view that passed the gate, with their code."""
    named = [m for m in measurements if m.view is not View.NONE]
    passed = [m for m in named if m.gate is GateStatus.PASSED and math.isfinite(m.value)]
    pairs = [(m, quantity_of(m.name, m.unit)) for m in passed]
    return [(m, quantity) for m, quantity in pairs if quantity is not None]


def frames_of(sequences: Sequence[int]) -> str:
    """Exam frames as text."""
    return " ".join(str(s) for s in sequences)


def _number_groups(
    study: Study, record: ExamRecord, places: Mapping[int, Place]
) -> list[sr.MeasurementsAndQualitativeEvaluations]:
    groups = []
    pressures = pressures_of(record)
    ordered = sorted(reportable(current_measurements(record)), key=lambda pair: (pair[0].view, pair[0].name))
    for name, members in groupby(ordered, key=lambda pair: pair[0].name):
        pairs = list(members)
        groups.append(
            sr.MeasurementsAndQualitativeEvaluations(
                tracking_identifier=sr.TrackingIdentifier(study.uid("group", name), str(name)),
                finding_sites=[sr.FindingSite(pairs[0][1].site)],
                algorithm_id=_algorithm(record.header),
                measurements=[_number(study, m, q, places, record.header, pressures.get(id(m))) for m, q in pairs],
            )
        )
    return groups


def _nothing(study: Study, header: RecordHeader) -> sr.MeasurementsAndQualitativeEvaluations:
    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(study.uid("group", "none"), "none"),
        algorithm_id=_algorithm(header),
        qualitative_evaluations=[sr.QualitativeEvaluation(RESULT, NO_NUMBER)],
    )


def _number(
    study: Study,
    m: Measurement,
    quantity: Quantity,
    places: Mapping[int, Place],
    header: RecordHeader,
    pressure: ProbePressure | None,
) -> sr.Measurement:
    shown = [places[s] for s in m.frame_sequences if s in places][:IMAGES_PER_NUMBER]
    station = f" at {m.station_m * 1e3:.1f} mm" if math.isfinite(m.station_m) else ""
    identifier = f"{m.name}{station} frames {frames_of(m.frame_sequences)}"
    sigma = round(m.sigma * quantity.factor, quantity.digits + 1) if math.isfinite(m.sigma) else None
    number = sr.Measurement(
        name=quantity.name,
        value=stored(m, quantity),
        unit=quantity.unit,
        tracking_identifier=sr.TrackingIdentifier(study.uid("number", identifier), identifier),
        algorithm_id=_algorithm(header),
        derivation=quantity.derivation,
        finding_sites=[sr.FindingSite(quantity.site)],
        method=_method(m, quantity),
        properties=None
        if sigma is None
        else sr.MeasurementProperties(upper_measurement_uncertainty=sigma, lower_measurement_uncertainty=sigma),
        referenced_images=[_source(place) for place in shown] or None,
        referenced_coordinates=_calipers(m, places),
    )
    for content in number[0].ContentSequence:
        if content.ValueType == "NUM":  # highdicom writes an uncertainty without a unit
            content.MeasuredValueSequence[0].MeasurementUnitsCodeSequence = DicomSequence([item(quantity.unit)])
    for told in _pressed(m, pressure):
        number[0].ContentSequence.append(told)
    return number


def _pressed(m: Measurement, pressure: ProbePressure | None) -> list[sr.NumContentItem]:
    """Force of the probe, and the ends of the interval of the diameter without it, as properties of a number."""
    if pressure is None:
        return []
    rows = [(PROBE_FORCE, pressure.force_n, NEWTON)]
    if has_interval(m, pressure):
        rows += [(UNPRESSED_LOW, pressure.low_m * 1e3, MILLIMETER), (UNPRESSED_HIGH, pressure.high_m * 1e3, MILLIMETER)]
    has = sr.RelationshipTypeValues.HAS_PROPERTIES
    return [sr.NumContentItem(name, round(value, 1), unit, relationship_type=has) for name, value, unit in rows]


def _method(m: Measurement, quantity: Quantity) -> Code | None:
    return CONVENTIONS.get(m.convention) or quantity.method


def _source(place: Place) -> sr.SourceImageForMeasurement:
    return sr.SourceImageForMeasurement(
        place.sop_class, place.sop_uid, None if place.number is None else [place.number]
    )


def _calipers(m: Measurement, places: Mapping[int, Place]) -> list[sr.CoordinatesForMeasurement] | None:
    """Caliper end points in the first frame of a number; None when its image was not kept."""
    place = places.get(m.frame_sequences[0]) if m.frame_sequences else None
    if place is None or len(m.end_points) != 2:
        return None
    line = np.array([_pixel(place.still.geometry, end.x_m, end.y_m) for end in m.end_points])
    rows, columns = place.still.image.shape
    if not (np.isfinite(line).all() and (line >= 0).all() and (line <= [columns, rows]).all()):
        return None
    source = sr.SourceImageForRegion(place.sop_class, place.sop_uid, None if place.number is None else [place.number])
    return [sr.CoordinatesForMeasurement(sr.GraphicTypeValues.POLYLINE, line, source)]


def _pixel(geometry: ProbeGeometry, x_m: float, y_m: float) -> tuple[float, float]:
    """Column and row by the convention of SCOORD: the center of the first pixel is (0.5, 0.5)."""
    return (
        x_m / geometry.spacing_x_m + geometry.origin_u_px + 0.5,
        y_m / geometry.spacing_y_m + geometry.origin_v_px + 0.5,
    )


def _algorithm(header: RecordHeader) -> sr.AlgorithmIdentification:
    return sr.AlgorithmIdentification(
        name=header.model_id or "unknown",
        version=header.model_sha256 or "unknown",
        family=codes.DCM.ArtificialIntelligence,
        manufacturer=MANUFACTURER,
    )


def _finding_groups(
    study: Study, record: ExamRecord, places: Mapping[int, Place]
) -> list[sr.MeasurementsAndQualitativeEvaluations]:
    return [
        _finding(study, k, finding, suspicion_of(record, finding), record.header, places)
        for k, finding in enumerate(record.findings, 1)
    ]


def _finding(
    study: Study,
    k: int,
    finding: Finding,
    suspicion: Suspicion | None,
    header: RecordHeader,
    places: Mapping[int, Place],
) -> sr.MeasurementsAndQualitativeEvaluations:
    """A finding with the images that show it; where the exam went back to it, with the outcome and its reason."""
    evaluations = [sr.QualitativeEvaluation(SUSPICION, finding_code(finding.kind))]
    sequences = finding.frame_sequences
    if suspicion is not None:
        evaluations.append(sr.QualitativeEvaluation(SECOND_LOOK, SECOND_LOOK_OUTCOMES[suspicion.outcome]))
        sequences += look_frames(suspicion)
    identifier = f"{finding.kind.name} frames {frames_of(finding.frame_sequences)}"
    shown = [places[s] for s in sequences if s in places][:IMAGES_PER_NUMBER]
    sources = [
        sr.SourceImageForMeasurementGroup(p.sop_class, p.sop_uid, None if p.number is None else [p.number])
        for p in shown
    ]
    group = sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(study.uid("finding", str(k), identifier), identifier),
        algorithm_id=_algorithm(header),
        qualitative_evaluations=evaluations,
        source_images=sources or None,
    )
    if suspicion is not None:
        contains = sr.RelationshipTypeValues.CONTAINS
        told = sr.TextContentItem(codes.DCM.Comment, second_look_text(suspicion), relationship_type=contains)
        group[0].ContentSequence.append(told)
    return group

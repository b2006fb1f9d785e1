"""DiagnosticReport, Observations and ImagingStudy of one exam, all preliminary and marked as made by software."""

import json
import uuid
from collections.abc import Sequence
from typing import Any

from pydicom.sr.codedict import codes

from echopilot_core import Finding, Measurement
from echopilot_exam.record import ExamRecord
from echopilot_exam.record.model import RESEARCH_SENTENCE
from echopilot_report.content.content import finding_text, not_seen
from echopilot_report.content.pressure import has_interval, interval_text, pressures_of
from echopilot_report.content.probe_pressure import ProbePressure
from echopilot_report.content.second_looks import (
    current_measurements,
    second_look_row,
    second_look_text,
    suspicion_of,
)
from echopilot_report.dicom.codes import (
    CONVENTIONS,
    PROBE_FORCE,
    SCHEME,
    SECOND_LOOK,
    SECOND_LOOK_OUTCOMES,
    UNPRESSED,
    Quantity,
    finding_code,
)
from echopilot_report.dicom.objects import ExamObject
from echopilot_report.dicom.structured import reportable, stored
from echopilot_report.dicom.study import Study, software_version
from echopilot_report.fhir.values import (
    BundleType,
    DeviceNameType,
    Gender,
    ObservationStatus,
    ReportStatus,
    StudyStatus,
    checked,
)
from echopilot_report.grading.facts import Sex
from echopilot_report.grading.wording import text

SYSTEMS = {
    "LN": "http://loinc.org",
    "SCT": "http://snomed.info/sct",
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "UCUM": "http://unitsofmeasure.org",
    SCHEME: "urn:echopilot:codes",
}
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
AI_ASSERTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "AIAST",
    "display": "Artificial Intelligence asserted",
}
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:echopilot")
Json = dict[str, Any]


def bundle_json(record: ExamRecord, study: Study, objects: Sequence[ExamObject]) -> str:
    """The bundle as JSON text, checked by `fhir.resources` (R4B). `objects` are the DICOM objects of the exam.

    Raises ValueError when it does not fit the standard.
    """
    from fhir.resources.R4B.bundle import Bundle

    ids = {name: _urn(study, name) for name in ("patient", "device", "study", "report")}
    pressures = pressures_of(record)
    numbers = [
        (_urn(study, f"number {k}"), _number(study, m, quantity, record, ids, pressures.get(id(m))))
        for k, (m, quantity) in enumerate(reportable(current_measurements(record)))
    ]
    findings = [
        (_urn(study, f"finding {k}"), _finding(study, finding, record, ids))
        for k, finding in enumerate(record.findings)
    ]
    entries = [
        (ids["patient"], _patient(study)),
        (ids["device"], _device(record)),
        (ids["study"], _imaging_study(study, objects, ids)),
        *numbers,
        *findings,
        (ids["report"], _report(study, record, ids, [urn for urn, _ in (*numbers, *findings)])),
    ]
    bundle = {
        "resourceType": "Bundle",
        "type": checked(BundleType, "collection"),
        "timestamp": study.started.isoformat(),
        "entry": [{"fullUrl": urn, "resource": resource} for urn, resource in entries],
    }
    Bundle.model_validate(bundle)
    return json.dumps(bundle, indent=1, allow_nan=False)


def _urn(study: Study, name: str) -> str:
    return f"urn:uuid:{uuid.uuid5(NAMESPACE, f'{study.key} {name}')}"


def _meta() -> Json:
    return {"security": [AI_ASSERTED]}


def _concept(scheme: str, value: str, meaning: str) -> Json:
    return {"coding": [{"system": SYSTEMS[scheme], "code": value, "display": meaning}], "text": meaning}


def _patient(study: Study) -> Json:
    gender = {None: "unknown", Sex.MALE: "male", Sex.FEMALE: "female"}[study.facts.sex]
    identifier = {"system": "urn:echopilot:pseudonym", "value": study.patient_id or "unknown"}
    return {"resourceType": "Patient", "identifier": [identifier], "gender": checked(Gender, gender)}


def _device(record: ExamRecord) -> Json:
    versions = [f"echopilot {software_version()}"]
    if record.header.model_id:
        versions.append(f"model {record.header.model_id} SHA-256 {record.header.model_sha256}")
    return {
        "resourceType": "Device",
        "manufacturer": "EchoPilot",
        "deviceName": [{"name": "EchoPilot robotic ultrasound", "type": checked(DeviceNameType, "model-name")}],
        "version": [{"value": value} for value in versions],
        "note": [{"text": RESEARCH_SENTENCE}],
    }


def _imaging_study(study: Study, objects: Sequence[ExamObject], ids: dict[str, str]) -> Json:
    series: dict[str, Json] = {}
    for o in objects:
        one = series.setdefault(
            str(o.data.SeriesInstanceUID),
            {
                "uid": str(o.data.SeriesInstanceUID),
                "number": int(o.data.SeriesNumber),
                "modality": {"system": SYSTEMS["DCM"], "code": str(o.data.Modality)},
                "instance": [],
            },
        )
        one["instance"].append(
            {
                "uid": str(o.data.SOPInstanceUID),
                "sopClass": {"system": "urn:ietf:rfc:3986", "code": f"urn:oid:{o.data.SOPClassUID}"},
                "number": int(o.data.InstanceNumber),
                "title": o.file_name,
            }
        )
    for one in series.values():
        one["numberOfInstances"] = len(one["instance"])
    return {
        "resourceType": "ImagingStudy",
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{study.uid_of_study}"}],
        "status": checked(StudyStatus, "available"),
        "subject": {"reference": ids["patient"]},
        "started": study.started.isoformat(),
        "numberOfSeries": len(series),
        "numberOfInstances": len(objects),
        "description": study.description,
        "series": list(series.values()),
    }


def _observation(study: Study, record: ExamRecord, ids: dict[str, str], frames: Sequence[int]) -> Json:
    return {
        "resourceType": "Observation",
        "meta": _meta(),
        "status": checked(ObservationStatus, "preliminary"),
        "category": [{"coding": [{"system": CATEGORY, "code": "imaging"}]}],
        "subject": {"reference": ids["patient"]},
        "effectiveDateTime": study.started.isoformat(),
        "device": {"reference": ids["device"]},
        "derivedFrom": [{"reference": ids["study"]}],
        "note": [{"text": f"Frames {' '.join(map(str, frames))}. {RESEARCH_SENTENCE}"}],
    }


def _number(
    study: Study,
    m: Measurement,
    quantity: Quantity,
    record: ExamRecord,
    ids: dict[str, str],
    pressure: ProbePressure | None,
) -> Json:
    name, unit, site = quantity.name, quantity.unit, quantity.site
    resource = _observation(study, record, ids, m.frame_sequences)
    resource["identifier"] = [{"system": "urn:echopilot:measurement", "value": str(m.name)}]
    resource["code"] = _concept(name.scheme_designator, name.value, name.meaning) | {
        "text": text("measurement", m.name)
    }
    resource["valueQuantity"] = {
        "value": stored(m, quantity),
        "unit": unit.meaning,
        "system": SYSTEMS["UCUM"],
        "code": unit.value,
    }
    resource["bodySite"] = _concept(site.scheme_designator, site.value, site.meaning)
    method = CONVENTIONS.get(m.convention) or quantity.method
    if method is not None:
        resource["method"] = _concept(method.scheme_designator, method.value, method.meaning)
    if m.station_m == m.station_m:
        resource["note"].append({"text": f"{m.station_m * 1e3:.1f} mm from the start of the sweep"})
    components = _components(m, quantity, pressure)
    if components:
        resource["component"] = components
    return resource


def _components(m: Measurement, quantity: Quantity, pressure: ProbePressure | None) -> list[Json]:
    """How the value was derived, the probe's force, and the interval of the diameter without it."""
    rows: list[Json] = []
    if quantity.derivation is not None:
        how = quantity.derivation
        rows.append(
            {
                "code": _concept("DCM", codes.DCM.Derivation.value, codes.DCM.Derivation.meaning),
                "valueCodeableConcept": _concept(how.scheme_designator, how.value, how.meaning),
            }
        )
    if pressure is not None:
        newton = {"unit": "N", "system": SYSTEMS["UCUM"], "code": "N"}
        rows.append(
            {
                "code": _concept(SCHEME, PROBE_FORCE.value, PROBE_FORCE.meaning),
                "valueQuantity": {"value": round(pressure.force_n, 1), **newton},
            }
        )
    if pressure is not None and has_interval(m, pressure):
        millimeter = {"unit": "mm", "system": SYSTEMS["UCUM"], "code": "mm"}
        low, high = ({"value": round(end * 1e3, 1), **millimeter} for end in (pressure.low_m, pressure.high_m))
        rows.append(
            {
                "code": _concept(SCHEME, UNPRESSED.value, UNPRESSED.meaning) | {"text": interval_text(pressure)},
                "valueRange": {"low": low, "high": high},
            }
        )
    return rows


def _finding(study: Study, finding: Finding, record: ExamRecord, ids: dict[str, str]) -> Json:
    code = finding_code(finding.kind)
    resource = _observation(study, record, ids, finding.frame_sequences)
    resource["code"] = _concept(SCHEME, "SUSPICION", "Suspected by software, needs review")
    resource["valueCodeableConcept"] = _concept(code.scheme_designator, code.value, code.meaning) | {
        "text": finding_text(finding)
    }
    suspicion = suspicion_of(record, finding)
    if suspicion is not None:
        outcome = SECOND_LOOK_OUTCOMES[suspicion.outcome]
        resource["component"] = [
            {
                "code": _concept(SCHEME, SECOND_LOOK.value, SECOND_LOOK.meaning),
                "valueCodeableConcept": _concept(SCHEME, outcome.value, outcome.meaning)
                | {"text": second_look_text(suspicion)},
            }
        ]
    return resource


def _looked_at(record: ExamRecord, finding: Finding) -> list[str]:
    row = second_look_row(record, finding)
    return [] if row is None else [row.words]


def _report(study: Study, record: ExamRecord, ids: dict[str, str], results: Sequence[str]) -> Json:
    findings = [[finding_text(f), *_looked_at(record, f)] for f in record.findings]
    lines = [line for told in findings for line in told] + not_seen(record, study.facts)
    report: Json = {
        "resourceType": "DiagnosticReport",
        "meta": _meta(),
        "status": checked(ReportStatus, "preliminary" if record.complete else "partial"),
        "code": _concept("LN", "25061-3", "Ultrasound report"),
        "subject": {"reference": ids["patient"]},
        "effectiveDateTime": study.started.isoformat(),
        "imagingStudy": [{"reference": ids["study"]}],
        "conclusion": " ".join([RESEARCH_SENTENCE, *lines]),
    }
    if results:
        report["result"] = [{"reference": urn} for urn in results]
    return report

"""The FHIR bundle: same numbers, only words of the standard, every reference found, nothing final."""

import json
from pathlib import Path

import pytest
from fhir.resources.R4B.bundle import Bundle
from pydicom import dcmread

from echopilot_report.fhir.values import ObservationStatus, ReportStatus, checked


def resources(folder: Path, kind: str) -> list[dict]:
    bundle = json.loads((folder / "fhir.json").read_text())
    return [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind]


def test_bundle_is_valid_and_carries_the_numbers_of_the_report(reported: Path) -> None:
    Bundle.model_validate_json((reported / "fhir.json").read_text())
    quantities = [o["valueQuantity"] for o in resources(reported, "Observation") if "valueQuantity" in o]
    plain = json.loads((reported / "report.json").read_text())["numbers"]
    assert quantities and [(q["value"], q["code"]) for q in quantities] == [(n["value"], n["unit"]) for n in plain]
    assert {q["system"] for q in quantities} == {"http://unitsofmeasure.org"}


def test_nothing_is_final_and_software_is_named_as_the_author(reported: Path) -> None:
    for resource in (*resources(reported, "Observation"), *resources(reported, "DiagnosticReport")):
        assert resource["status"] == "preliminary"
        assert resource["meta"]["security"][0]["code"] == "AIAST"


@pytest.mark.parametrize("kind", [ObservationStatus, ReportStatus])
@pytest.mark.parametrize("word", ["bogus", "final", "", None])
def test_words_outside_the_value_set_are_refused(kind: type, word: object) -> None:
    with pytest.raises(ValueError):
        checked(kind, word)


def test_every_reference_is_in_the_bundle_and_every_instance_in_the_folder(reported: Path) -> None:
    bundle = json.loads((reported / "fhir.json").read_text())
    urls = {entry["fullUrl"] for entry in bundle["entry"]}

    def references(node: object) -> set[str]:
        if isinstance(node, dict):
            own = {node["reference"]} if "reference" in node else set()
            return own.union(*(references(child) for child in node.values()))
        return set().union(*map(references, node)) if isinstance(node, list) else set()

    assert references(bundle) and references(bundle) <= urls
    (study,) = resources(reported, "ImagingStudy")
    listed = {instance["uid"] for series in study["series"] for instance in series["instance"]}
    files = {str(dcmread(path, stop_before_pixels=True).SOPInstanceUID) for path in (reported / "dicom").iterdir()}
    assert listed == files and study["numberOfInstances"] == len(files)

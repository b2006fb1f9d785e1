"""Nothing of the patient leaves: neither from objects of other makers nor from ours."""

from pathlib import Path

import numpy as np
import pytest
from pydicom import config, dcmread
from seeded import CORNER, INSIDE, PARTS, foreign, seed_everywhere

from echopilot_core import EchoPilotError
from echopilot_report.deidentify import deidentify_folder


def save(data, path: Path) -> None:
    with config.disable_value_validation():
        data.save_as(path, enforce_file_format=True)


def test_no_seed_of_a_foreign_picture_is_left_and_its_inside_is(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    (tmp_path / "in").mkdir()
    save(foreign(), tmp_path / "in" / "Quexworth.dcm")
    assert sum(part in (tmp_path / "in" / "Quexworth.dcm").read_bytes() for part in PARTS) == len(PARTS)
    outcome = deidentify_folder(tmp_path / "in", tmp_path / "out")
    assert (outcome.written, outcome.refused) == (1, ())
    (path,) = (tmp_path / "out").iterdir()
    raw = path.read_bytes()
    assert [part for part in PARTS if part in raw] == []
    assert not any(part.decode() in path.name for part in PARTS)
    captured = capfd.readouterr()
    assert not any(part.decode() in captured.out + captured.err for part in PARTS)
    data = dcmread(path)
    assert (data.PatientIdentityRemoved, data.BurnedInAnnotation) == ("YES", "NO")
    assert not [e for e in data.iterall() if e.tag.is_private]
    pixels = data.pixel_array
    assert (pixels[:, INSIDE[0], INSIDE[1]] == 90).all()
    outside = np.ones(pixels.shape[1:], bool)
    outside[INSIDE] = False
    assert not pixels[:, outside].any() and outside[:CORNER, :CORNER].all()
    assert data.SequenceOfUltrasoundRegions[0].PhysicalDeltaX == 0.05


@pytest.mark.parametrize("fault", ["none", "whole", "outside"])
def test_picture_without_a_usable_region_is_left_out(tmp_path: Path, fault: str) -> None:
    data = foreign()
    region = data.SequenceOfUltrasoundRegions[0]
    if fault == "none":
        del data.SequenceOfUltrasoundRegions
    elif fault == "whole":
        region.RegionLocationMinX0 = region.RegionLocationMinY0 = 0
        region.RegionLocationMaxX1, region.RegionLocationMaxY1 = data.Columns - 1, data.Rows - 1
    else:
        region.RegionLocationMaxX1 = data.Columns
    save(data, tmp_path / "a.dcm")
    outcome = deidentify_folder(tmp_path / "a.dcm", tmp_path / "out")
    assert outcome.written == 0 and "text" in outcome.refused[0]
    assert list((tmp_path / "out").iterdir()) == []


def test_no_seed_of_our_own_objects_is_left(reported: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for path in (reported / "dicom").iterdir():
        data = dcmread(path)
        seed_everywhere(data)
        save(data, tmp_path / "in" / path.name)
    deidentify_folder(tmp_path / "in", tmp_path / "out")
    written = list((tmp_path / "out").iterdir())
    assert written
    for path in written:
        raw = path.read_bytes()
        assert [part for part in PARTS if part in raw] == []


def test_our_own_objects_keep_numbers_and_links_under_new_identifiers(reported: Path, tmp_path: Path) -> None:
    outcome = deidentify_folder(reported / "dicom", tmp_path / "out")
    assert [line.split(":")[0] for line in outcome.refused] in ([], ["report.dcm"])
    before = [dcmread(p) for p in (reported / "dicom").iterdir() if p.name != "report.dcm"]
    after = [dcmread(p) for p in (tmp_path / "out").iterdir()]
    assert len(after) == len(before) == outcome.written
    assert not {str(e.value) for d in before for e in d.iterall() if e.keyword == "SOPInstanceUID"} & {
        str(e.value) for d in after for e in d.iterall() if e.VR == "UI"
    }
    assert len({d.StudyInstanceUID for d in after}) == 1 and len({d.PatientID for d in after}) == 1

    def numbers(objects: list) -> list[float]:
        return sorted(float(e.value) for d in objects for e in d.iterall() if e.keyword == "NumericValue")

    assert numbers(after) == numbers(before) != []
    known = {d.SOPInstanceUID for d in after}
    links = {str(e.value) for d in after for e in d.iterall() if e.keyword == "ReferencedSOPInstanceUID"}
    assert links and links <= known


def test_a_used_folder_and_an_empty_source_are_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(EchoPilotError, match="no DICOM files"):
        deidentify_folder(tmp_path / "in", tmp_path / "out")
    save(foreign(), tmp_path / "in" / "a.dcm")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(EchoPilotError, match="new or an empty folder"):
        deidentify_folder(tmp_path / "in", tmp_path / "out")

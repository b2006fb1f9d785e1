"""A real archive, Orthanc, stores the objects of an exam, finds them, and gives them back as they were."""

import base64
import json
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pynetdicom import AE
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind

from echopilot_report.dicom.network import send_folder
from echopilot_report.dicom.peer import Peer

PASSWORD = "loopback-only"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """DICOM and HTTP port of an Orthanc of its own, on loopback, with a password."""
    program = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("Orthanc is not installed (Debian: orthanc)")
    dicom, http = free_port(), free_port()
    settings = {
        "StorageDirectory": str(tmp_path / "store"),
        "IndexDirectory": str(tmp_path / "store"),
        "DicomAet": "ORTHANC",
        "DicomPort": dicom,
        "HttpPort": http,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {"test": PASSWORD},
        "DicomAlwaysAllowFind": True,
        "Plugins": [],
    }
    (tmp_path / "orthanc.json").write_text(json.dumps(settings))
    process = subprocess.Popen(
        [program, str(tmp_path / "orthanc.json")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:  # ends when it dies
            if "Orthanc has started" in line:
                break
        else:
            pytest.fail("Orthanc did not start")
        yield dicom, http
    finally:
        process.terminate()
        process.communicate(timeout=30)


def getter(port: int) -> Callable[..., bytes]:
    def get(path: str, password: str = PASSWORD) -> bytes:
        token = base64.b64encode(f"test:{password}".encode()).decode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Basic {token}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return bytes(answer.read())

    return get


def found_series(port: int, study_uid: str) -> list[str]:
    """Modalities of the series of a study, by C-FIND."""
    entity = AE()
    entity.add_requested_context(StudyRootQueryRetrieveInformationModelFind)
    link = entity.associate("127.0.0.1", port, ae_title="ORTHANC")
    query = Dataset()
    query.QueryRetrieveLevel, query.StudyInstanceUID, query.Modality, query.SeriesInstanceUID = (
        "SERIES",
        study_uid,
        "",
        "",
    )
    answers = [
        data for status, data in link.send_c_find(query, StudyRootQueryRetrieveInformationModelFind) if data is not None
    ]
    link.release()
    return sorted(str(data.Modality) for data in answers)


def test_orthanc_stores_finds_and_gives_back(orthanc: tuple[int, int], reported: Path, tmp_path: Path) -> None:
    dicom, http = orthanc
    shutil.copytree(reported / "dicom", tmp_path / "exam" / "dicom")
    files = {str(dcmread(p).SOPInstanceUID): p for p in (tmp_path / "exam" / "dicom").iterdir()}
    outcome = send_folder(tmp_path / "exam", Peer("127.0.0.1", dicom, "ORTHANC"))
    assert (outcome.sent, outcome.problems) == (len(files), ())
    study_uid = str(dcmread(next(iter(files.values()))).StudyInstanceUID)
    want = {(str(d.SeriesInstanceUID), str(d.Modality)) for d in map(dcmread, files.values())}
    assert found_series(dicom, study_uid) == sorted(modality for _, modality in want)
    get = getter(http)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        get("/instances", password="wrong")
    back = [dcmread(BytesIO(get(f"/instances/{one}/file"))) for one in json.loads(get("/instances"))]
    assert {str(d.SOPInstanceUID) for d in back} == set(files)
    for data in back:
        assert list(data) == list(dcmread(files[str(data.SOPInstanceUID)]))

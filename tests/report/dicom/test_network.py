"""Sending: what is known as taken is never sent twice, what is not stays queued, and only a proven archive gets it."""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from archive import Archive, archive
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from echopilot_core import EchoPilotError
from echopilot_report.dicom.network import send_folder
from echopilot_report.dicom.peer import Peer


@pytest.fixture
def folder(reported: Path, tmp_path: Path) -> Path:
    home = tmp_path / "exam" / "dicom"
    home.mkdir(parents=True)
    clip = min((reported / "dicom").glob("clip_*"), key=lambda path: path.stat().st_size)
    for path in (clip, *(p for p in (reported / "dicom").iterdir() if not p.name.startswith("clip_"))):
        shutil.copy(path, home)
    return tmp_path / "exam"


def count(folder: Path) -> int:
    return len(list((folder / "dicom").iterdir()))


def kept(there: Archive) -> dict[str, Dataset]:
    """The objects of the archive by UID: one whose answer was lost on the way arrives once more."""
    return {data.SOPInstanceUID: data for data in there.taken}


def test_every_object_arrives_once_and_unchanged(folder: Path) -> None:
    with archive() as there:
        first = send_folder(folder, there.peer())
        second = send_folder(folder, there.peer())
        assert (first.sent, first.waiting, first.problems) == (count(folder), 0, ())
        assert (second.sent, second.before) == (0, count(folder))
        assert len(kept(there)) == count(folder)
        for data in kept(there).values():
            (path,) = [p for p in (folder / "dicom").iterdir() if dcmread(p).SOPInstanceUID == data.SOPInstanceUID]
            assert list(data) == list(dcmread(path))
        assert send_folder(folder, there.peer(), again=True).sent == count(folder)


def test_archive_that_is_full_for_a_while_gets_the_rest_later(folder: Path) -> None:
    waits: list[float] = []
    with archive(lambda n: 0xA700 if n % 2 == 0 and n < 8 else 0x0000) as there:
        outcome = send_folder(folder, there.peer(), tries=8, wait=waits.append)
        assert outcome.waiting == 0 and len(kept(there)) == count(folder)
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0][: len(waits)] and waits


def test_absent_archive_leaves_all_in_the_queue_for_the_next_call(folder: Path) -> None:
    with archive() as there:
        peer = there.peer()
    outcome = send_folder(folder, peer, tries=2, wait=lambda _: None)
    assert (outcome.sent, outcome.waiting) == (0, count(folder))
    assert outcome.problems == (f"no association with ARCHIVE at localhost:{peer.port}",)
    with archive() as there:
        assert send_folder(folder, there.peer()).sent == count(folder)


def test_refused_object_is_named_and_not_tried_again_in_the_same_call(folder: Path) -> None:
    with archive(lambda n: 0xC000 if n == 0 else 0x0000) as there:
        outcome = send_folder(folder, there.peer(), tries=3, wait=lambda _: None)
        assert (outcome.sent, outcome.waiting) == (count(folder) - 1, 1)
        assert "the archive refused it" in outcome.problems[0]


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_archive_without_compression_gets_the_same_pictures_plain(folder: Path, syntax: str) -> None:
    with archive(syntaxes=(syntax,)) as there:
        assert send_folder(folder, there.peer()).waiting == 0
        (clip,) = [d for d in there.taken if int(d.get("NumberOfFrames") or 0) > 1 and d.Modality == "US"][:1]
        assert clip.file_meta.TransferSyntaxUID == syntax
        (path,) = [p for p in (folder / "dicom").iterdir() if dcmread(p).SOPInstanceUID == clip.SOPInstanceUID]
        assert (clip.pixel_array == dcmread(path).pixel_array).all()


def test_line_cut_in_the_journal_costs_one_object_sent_again(folder: Path) -> None:
    with archive() as there:
        peer = there.peer()
        send_folder(folder, peer)
        journal = folder / peer.journal_name
        journal.write_bytes(journal.read_bytes()[:-20])
        assert send_folder(folder, peer).sent == 1


@pytest.mark.parametrize(
    "options", [{"aet": ""}, {"aet": "X" * 17}, {"aet": "A\\B"}, {"calling": "Ü"}, {"ca": Path("x")}]
)
def test_bad_peer_is_one_clear_line(options: dict) -> None:
    with pytest.raises(EchoPilotError):
        Peer(**{"host": "localhost", "port": 104, "aet": "A"} | options)


def test_folder_without_objects_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(EchoPilotError, match="no DICOM objects"):
        send_folder(tmp_path, Peer("localhost", 104, "A"))


def test_tls_reaches_only_an_archive_whose_certificate_is_trusted(folder: Path, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    for name in ("good", "other"):
        subprocess.run(
            "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
            f" -keyout {name}.key -out {name}.pem".split(),
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "good.pem", tmp_path / "good.key")
    with archive(context=context) as there:
        bad = send_folder(folder, there.peer(tls=True, ca=tmp_path / "other.pem"), tries=1)
        assert (bad.sent, len(there.taken)) == (0, 0)
        assert send_folder(folder, there.peer(tls=True, ca=tmp_path / "good.pem"), tries=1).waiting == 0
        assert len(kept(there)) == count(folder)
    with pytest.raises(EchoPilotError, match="certificate"):
        send_folder(folder, Peer("localhost", 1, "A", tls=True, ca=tmp_path / "absent.pem"))

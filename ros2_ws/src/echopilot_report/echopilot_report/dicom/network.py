"""Transfer of objects to an archive, with retries and a queue on disk."""

import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pydicom import dcmread

from echopilot_core import EchoPilotError
from echopilot_exam.record.files import read_lines
from echopilot_report.dicom.association import Entry, StoreOutcome, association, store
from echopilot_report.dicom.peer import Peer

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0


@dataclass(frozen=True)
class Sending:
    """Result of a transfer: objects sent now, stored earlier, still queued; `problems` with one line each."""

    sent: int
    before: int
    waiting: int
    problems: tuple[str, ...]


def send_folder(
    folder: Path,
    peer: Peer,
    tries: int = 4,
    again: bool = False,
    say: Callable[[str], None] = lambda _: None,
    wait: Callable[[float], object] | None = None,
) -> Sending:
    """Send every DICOM file of `folder`/dicom, or of `folder`, that the archive has not stored yet.

    The queue is the files themselves; a journal beside them notes each one that was taken, as soon as it was: a process
    that dies loses nothing, and only the object whose answer did not arrive is sent twice, with the same UID. Between
    tries it waits 1, 2, 4 ... 30 s (`wait`).
    Raises EchoPilotError without objects or on unusable certificates.
    """
    context = peer.tls_context()
    journal = folder / peer.journal_name
    queue, unreadable = _queue(folder)
    taken = set() if again else {(d.get("uid"), d.get("sha256")) for d in read_lines(journal)[0] if isinstance(d, dict)}
    todo = [entry for entry in queue if (entry.uid, entry.sha256) not in taken]
    waiting, refused, problems = todo, list[str](), list[str]()
    pause = wait or threading.Event().wait
    for attempt in range(tries):
        if not waiting:
            break
        if attempt:
            delay_s = min(FIRST_WAIT_S * 2 ** (attempt - 1), LONGEST_WAIT_S)
            say(f"{problems[-1]}; tries again in {delay_s:.0f} s")
            pause(delay_s)
        waiting, problems, lost = _one_try(waiting, peer, context, journal, say)
        refused += lost
    left = len(waiting) + len(refused)
    return Sending(len(todo) - left, len(queue) - len(todo), left + len(unreadable), (*unreadable, *refused, *problems))


def _queue(folder: Path) -> tuple[list[Entry], list[str]]:
    home = folder / "dicom" if (folder / "dicom").is_dir() else folder
    files = sorted(home.glob("*.dcm"))
    if not files:
        raise EchoPilotError(f"{folder} holds no DICOM objects; `echopilot report` makes them from an exam record")
    entries, unreadable = [], []
    for path in files:
        try:
            head = dcmread(path, stop_before_pixels=True, specific_tags=["SOPClassUID", "SOPInstanceUID"])
            syntax = str(head.file_meta.TransferSyntaxUID)
            digest = sha256(path.read_bytes()).hexdigest()
            entries.append(Entry(path, str(head.SOPClassUID), str(head.SOPInstanceUID), syntax, digest))
        except Exception:  # pydicom raises every kind for damaged files
            unreadable.append(f"{path.name}: not a whole DICOM file")
    return entries, unreadable


def _one_try(
    queue: list[Entry], peer: Peer, context: ssl.SSLContext | None, journal: Path, say: Callable[[str], None]
) -> tuple[list[Entry], list[str], list[str]]:
    """One association: entries to retry, the reason, and one line per object that the archive refused."""
    later: list[Entry] = []
    problems: list[str] = []
    lost: list[str] = []
    with association(queue, peer, context) as link:
        if link is None:
            return queue, [f"no association with {peer.aet} at {peer.host}:{peer.port}"], []
        for k, entry in enumerate(queue):
            if not link.is_established:
                return [*later, *queue[k:]], [*problems, "the association ended early"], lost
            say(f"{entry.path.name}, {k + 1} of {len(queue)}")
            answer = store(link, entry)
            if answer is StoreOutcome.STORED:
                with journal.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"uid": entry.uid, "sha256": entry.sha256}) + "\n")
            elif answer is StoreOutcome.LATER:
                later.append(entry)
                problems.append(f"{entry.path.name}: {answer.value}")
            else:
                lost.append(f"{entry.path.name}: {answer.value}")
    return later, problems, lost

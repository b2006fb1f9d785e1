"""One DICOM association: opened for the SOP classes of a queue, with one C-STORE per object."""

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from echopilot_report.dicom.peer import Peer

TIMEOUT_S = 30.0
PLAIN = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
OUT_OF_RESOURCES = range(0xA700, 0xA800)
STORED = frozenset({0x0000, 0xB000, 0xB006, 0xB007})
"""Success, and stored with a warning (PS3.4 B.2.3)."""


@dataclass(frozen=True)
class Entry:
    """One file of the queue."""

    path: Path
    sop_class: str
    uid: str
    syntax: str
    sha256: str


class StoreOutcome(Enum):
    """Outcome of one C-STORE; the value describes it."""

    STORED = "stored"
    LATER = "the archive is full or did not answer"
    NO_CONTEXT = "the archive takes no objects of this class"
    REFUSED = "the archive refused it"


@contextmanager
def association(queue: Sequence[Entry], peer: Peer, context: ssl.SSLContext | None) -> Iterator[Any | None]:
    """An association that proposes only the SOP classes and transfer syntaxes of `queue`; None when it is rejected."""
    from pynetdicom import AE

    entity = AE(ae_title=peer.calling)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = entity.connection_timeout = TIMEOUT_S
    wanted: dict[str, set[str]] = {}
    for entry in queue:
        wanted.setdefault(entry.sop_class, set()).add(entry.syntax)
    for sop_class, syntaxes in wanted.items():
        for syntax in sorted(syntaxes | set(PLAIN)):  # one context each: the archive accepts some, we choose
            entity.add_requested_context(sop_class, [syntax])
    tls_args = None if context is None else (context, peer.host)
    link = entity.associate(peer.host, peer.port, ae_title=peer.aet, tls_args=tls_args)
    try:
        yield link if link.is_established else None
    finally:
        if link.is_established:
            link.release()


def store(link: Any, entry: Entry) -> StoreOutcome:
    """Send one object, decompressed if the archive does not accept its transfer syntax."""
    accepted = {c.transfer_syntax[0] for c in link.accepted_contexts if c.abstract_syntax == entry.sop_class}
    if not accepted:
        return StoreOutcome.NO_CONTEXT
    data = dcmread(entry.path)
    if entry.syntax not in accepted and entry.syntax not in PLAIN:
        data.decompress(generate_instance_uid=False)
    try:
        reply = link.send_c_store(data)
    except (ValueError, RuntimeError):  # no context for this transfer syntax, or the association is closed
        return StoreOutcome.LATER
    if "Status" not in reply or reply.Status in OUT_OF_RESOURCES:
        return StoreOutcome.LATER
    return StoreOutcome.STORED if reply.Status in STORED else StoreOutcome.REFUSED

"""An archive on loopback for tests: takes objects, or answers what a test wants."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydicom import Dataset
from pynetdicom import AE, AllStoragePresentationContexts, evt

from echopilot_report.dicom.peer import Peer

TITLE = "ARCHIVE"


@dataclass
class Archive:
    """What came in, and where it listens."""

    port: int = 0
    taken: list[Dataset] = field(default_factory=list)

    def peer(self, **options: Any) -> Peer:
        """The way to this archive."""
        return Peer("localhost", self.port, TITLE, **options)


@contextmanager
def archive(
    answer: Callable[[int], int] = lambda _: 0x0000,
    syntaxes: tuple[str, ...] | None = None,
    context: ssl.SSLContext | None = None,
) -> Iterator[Archive]:
    """Listen; `answer` gives the status of the n-th object, `syntaxes` the codings that are taken."""
    found = Archive()
    entity = AE(ae_title=TITLE)
    for known in AllStoragePresentationContexts:
        entity.add_supported_context(known.abstract_syntax, list(syntaxes or known.transfer_syntax))
        if syntaxes is None:
            entity.add_supported_context(known.abstract_syntax, "1.2.840.10008.1.2.4.80")
    asked = 0

    def on_store(event: Any) -> int:
        nonlocal asked
        asked += 1
        status = answer(asked - 1)
        if status == 0x0000:
            data = event.dataset
            data.file_meta = event.file_meta
            found.taken.append(data)
        return status

    server = entity.start_server(
        ("localhost", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, on_store)], ssl_context=context
    )
    found.port = server.socket.getsockname()[1]
    try:
        yield found
    finally:
        server.shutdown()

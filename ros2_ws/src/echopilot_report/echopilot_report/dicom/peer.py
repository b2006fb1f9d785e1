"""Address and connection parameters of an archive."""

import ssl
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from echopilot_core import EchoPilotError


@dataclass(frozen=True)
class Peer:
    """Address, AE titles and encryption. Raises EchoPilotError on titles that DICOM does not allow."""

    host: str
    port: int
    aet: str
    calling: str = "ECHOPILOT"
    tls: bool = False
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        for title in (self.aet, self.calling):
            if not title.strip() or len(title) > 16 or not title.isascii() or not title.isprintable() or "\\" in title:
                raise EchoPilotError(f"AE title '{title}' must have 1 to 16 printable ASCII characters, no backslash")
        if not self.tls and (self.ca or self.cert or self.key):
            raise EchoPilotError("--ca, --cert and --key need --tls")
        if self.key and not self.cert:
            raise EchoPilotError("--key needs --cert")

    @property
    def journal_name(self) -> str:
        """Name of the journal of objects that this archive has stored."""
        return f"sent-{sha256(f'{self.aet}@{self.host}:{self.port}'.encode()).hexdigest()[:12]}.jsonl"

    def tls_context(self) -> ssl.SSLContext | None:
        """TLS 1.2 or newer that checks certificate and host name; None without `tls`. Raises EchoPilotError."""
        if not self.tls:
            return None
        try:
            context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=self.ca)
            if self.cert is not None:
                context.load_cert_chain(self.cert, self.key)
        except (OSError, ssl.SSLError) as error:
            raise EchoPilotError(f"certificate or key cannot be used: {error}") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

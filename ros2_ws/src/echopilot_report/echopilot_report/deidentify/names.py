"""Replacement identifiers: consistent within a run, not traceable after it."""

import hmac
import secrets
from hashlib import sha256

from pydicom.uid import UID, UID_dictionary

from echopilot_report.dicom.codes import SCHEME_UID


class NewNames:
    """Maps old identifiers to new ones with a key that is never kept."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def uid(self, old: str) -> str:
        """A UUID-derived UID (PS3.5 B.2)."""
        return f"2.25.{int.from_bytes(self._digest('uid', old)[:16], 'big')}"

    def patient(self, old: str) -> str:
        """A pseudonym."""
        return f"ANON-{self._digest('patient', old).hex()[:10].upper()}"

    def _digest(self, kind: str, old: str) -> bytes:
        return hmac.new(self._key, f"{kind} {old}".encode(), sha256).digest()


def is_public_uid(uid: str) -> bool:
    """Whether a UID is defined by the standard or is that of our coding scheme, and so does not identify a patient."""
    return uid in UID_dictionary or UID(uid) == SCHEME_UID

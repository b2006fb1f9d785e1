"""Pseudonyms of patients that every file of an exam can hold as they are."""

import unicodedata

from echopilot_core import EchoPilotError

LONGEST = 64  # characters of a DICOM long string (LO) and of a component group of a person name (PN)


def patient_id_fault(text: str) -> str:
    """Why a pseudonym cannot be written, unaltered, as Patient ID (LO) and Patient's Name (PN); empty: it can.

    The rules are those of PS3.5, section 6.2: length, no backslash, no control characters, no spaces at the ends, which
    readers drop, and the delimiters of a name in their number.
    """
    if len(text) > LONGEST:
        return f"it has {len(text)} characters, at most {LONGEST} fit"
    if text != text.strip():
        return "it begins or ends with a space, which readers drop"
    if "\\" in text:
        return "a backslash separates values there"
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text):
        return "it holds control characters"
    if "=" in text:
        return "'=' separates the spellings of a name there"
    if text.count("^") > 4:
        return "a name has at most five parts, separated by '^'"
    return ""


def check_patient_id(text: str) -> str:
    """The pseudonym, unaltered; raises EchoPilotError with one line where the exam's files could not hold it."""
    fault = patient_id_fault(text)
    if fault:
        raise EchoPilotError(f"patient id {text[:80]!r} does not fit into a DICOM file: {fault}; choose another")
    return text

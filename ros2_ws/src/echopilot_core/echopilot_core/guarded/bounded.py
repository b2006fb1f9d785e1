"""Limits of input files, their bounded reading, and the one-line error of a file that breaks one."""

import os
import re
import stat
from io import BufferedReader
from pathlib import Path

from echopilot_core.vocabulary import EchoPilotError

MAX_DEPTH = 32
"""Nesting of lists, mappings or elements; our own files stay below 10."""

MAX_INTEGER = 2**63 - 1
MAX_JSON_BYTES = 32_000_000
MAX_VALUES = 2_000_000
"""Values of one JSON document or of one file of lines: about 500 MB of Python objects."""

MAX_LINE_BYTES = 1_000_000
MAX_LINES = 300_000
"""Lines of a file of lines: four hours at 20 Hz."""

MAX_LINES_BYTES = 300_000_000
MAX_YAML_BYTES = 200_000
MAX_YAML_NODES = 20_000
"""Nodes of a YAML document, every use of an alias counted."""

MAX_XML_BYTES = 4_000_000
MAX_XML_ELEMENTS = 20_000
MAX_TEXT_BYTES = 4_000_000
MAX_TABLE_BYTES = 64_000_000
"""A table as text; EchoNet's outlines have 15 MB."""

MAX_ARRAY_BYTES = 400_000_000
"""Unpacked arrays of one file, unless its reader knows better."""

MAX_ARRAYS = 500
MAX_IMAGE_BYTES = 64_000_000
MAX_IMAGE_PIXELS = 16_000_000
"""Pixels of an image of a record or data set; ultrasound scanners show up to 8 million."""

_WORDS = 200  # characters of foreign text in a message


class InputFileError(EchoPilotError, ValueError):
    """A file that is damaged, too large or not what it claims to be; the message is one line."""


def read_bounded(path: Path, max_bytes: int, where: str = "") -> bytes:
    """The bytes of a regular file.

    Args:
        path: the file.
        max_bytes: larger files are refused before they are read.
        where: name of the file in messages, by default its own.

    Raises:
        FileNotFoundError: there is none.
        InputFileError: a folder or a device, too large, or unreadable.
    """
    where = where or path.name
    try:
        with open_regular(path, where) as file:
            size = os.fstat(file.fileno()).st_size
            if size > max_bytes:
                raise InputFileError(f"{where}: {size / 1e6:.1f} MB; at most {max_bytes / 1e6:g} MB are read")
            return file.read(max_bytes + 1)[:max_bytes]
    except (FileNotFoundError, InputFileError):
        raise
    except OSError as error:
        raise InputFileError(f"{where} cannot be read: {error.strerror or type(error).__name__}") from error


def open_regular(path: Path, where: str) -> BufferedReader:
    """Open a regular file for reading bytes; a pipe or a device would never end."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise InputFileError(f"{where} is no file but a folder or a device")
    return os.fdopen(handle, "rb")


def read_text(path: Path, max_bytes: int = MAX_TEXT_BYTES, where: str = "") -> str:
    """The text of a UTF-8 file; the errors are those of `read_bounded`."""
    return decoded(read_bounded(path, max_bytes, where), where or path.name)


def decoded(data: bytes, where: str) -> str:
    """UTF-8 bytes as text, without a byte order mark; InputFileError for other bytes."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputFileError(f"{where}: byte {error.start} is no UTF-8 text") from error


def one_line(text: object, limit: int = _WORDS) -> str:
    """Foreign text for a message: one line of printable characters, cut after `limit` of them."""
    words = re.sub(r"\s+", " ", str(text)).strip()
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in words[: limit + 1])
    return shown if len(words) <= limit else f"{shown[:limit]} ..."

"""Guarded JSON: documents and files of lines, with limits on depth, count and numbers."""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from echopilot_core.guarded.bounded import (
    MAX_DEPTH,
    MAX_INTEGER,
    MAX_JSON_BYTES,
    MAX_LINE_BYTES,
    MAX_LINES,
    MAX_LINES_BYTES,
    MAX_VALUES,
    InputFileError,
    decoded,
    one_line,
    open_regular,
    read_bounded,
)

_STRING = re.compile(rb'(?s)"[^"\\]*(?:\\.[^"\\]*)*"')
_NO_BRACKET = re.compile(rb"[^\[\]{}]+")
_LONG_NUMBER = re.compile(rb"[0-9]{19}|[eE]\+?[0-9]{3}")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def read_json(path: Path, where: str = "", max_bytes: int = MAX_JSON_BYTES, finite: bool = True) -> Any:
    """The document of a JSON file.

    Args:
        path: the file.
        where: its name in messages.
        max_bytes: larger files are refused.
        finite: refuse NaN and Infinity, which are no JSON but which Python writes.

    Raises:
        FileNotFoundError: there is none.
        InputFileError: not JSON, or beyond a limit.
    """
    where = where or path.name
    return parse_json(read_bounded(path, max_bytes, where), where, finite)


def parse_json(data: bytes | str, where: str, finite: bool = True) -> Any:
    """The document in `data`; InputFileError with `where` and the place for anything else than bounded JSON."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    _check_size(raw, where)
    text = decoded(raw, where)
    checks: dict[str, Any] = {"parse_constant": _not_finite if finite else float}
    if _LONG_NUMBER.search(raw):  # otherwise every number fits, and parsing is three times as fast
        checks |= {"parse_int": _integer, "parse_float": _finite if finite else float}
    try:
        document = json.loads(text, object_pairs_hook=_unique, **checks)
        if _SURROGATE.search(raw):
            json.dumps(document, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise InputFileError(f"{where}: line {error.lineno}, column {error.colno}: {error.msg}") from error
    except UnicodeEncodeError as error:
        raise InputFileError(f"{where}: half of a surrogate pair is no character") from error
    except (ValueError, RecursionError) as error:
        raise InputFileError(f"{where}: {one_line(error)}") from error
    return document


@dataclass(frozen=True)
class ParsedLines:
    """Documents of the lines that could be read, and one line of text per kind of damage."""

    documents: tuple[Any, ...]
    damaged: tuple[str, ...]


def read_json_lines(path: Path, where: str = "") -> ParsedLines:
    """Every readable line of a file of JSON documents; a bad line costs that line.

    A line without an end is one whose write was cut off. Raises FileNotFoundError, or InputFileError for something
    else than a file.
    """
    where = where or path.name
    documents: list[Any] = []
    bad: list[tuple[int, str]] = []
    rest, values, number = "", 0, 0
    for number, line in enumerate(_lines(path, where), 1):
        values += _values(line)
        if number > MAX_LINES or values > MAX_VALUES:
            rest = f"{where}: only the first {number - 1} lines are read"
            break
        if not line.strip():
            continue
        try:
            if len(line) > MAX_LINE_BYTES:
                raise InputFileError(f"more than {MAX_LINE_BYTES // 1000} kB")
            documents.append(parse_json(line, "line"))
        except InputFileError as error:
            bad.append((number, str(error).removeprefix("line: ").removeprefix("line 1, ")))
    damaged = [f"{where}: {_named(bad)}"] if bad else []
    return ParsedLines(tuple(documents), (*damaged, *([rest] if rest else [])))


def _named(bad: list[tuple[int, str]]) -> str:
    number, reason = bad[0]
    if len(bad) == 1:
        return f"line {number} cannot be read ({reason})"
    return f"{len(bad)} lines cannot be read; first line {number} ({reason})"


def _lines(path: Path, where: str) -> Iterator[bytes]:
    """Lines of bounded length; what is longer comes as one line that is too long, and the rest of it is skipped."""
    try:
        with open_regular(path, where) as file:
            taken = 0
            while line := file.readline(MAX_LINE_BYTES + 1):
                taken += len(line)
                skipped = line
                while len(skipped) > MAX_LINE_BYTES and not skipped.endswith(b"\n"):
                    skipped = file.readline(MAX_LINE_BYTES + 1)
                    taken += len(skipped)
                if taken > MAX_LINES_BYTES:
                    raise InputFileError(f"{where}: more than {MAX_LINES_BYTES // 10**6} MB")
                yield line
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise InputFileError(f"{where} cannot be read: {error.strerror or type(error).__name__}") from error


def _check_size(raw: bytes, where: str) -> None:
    if _values(raw) > MAX_VALUES:
        raise InputFileError(f"{where}: more than {MAX_VALUES // 10**6} million values")
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _is_deep(raw):
        raise InputFileError(f"{where}: nested more than {MAX_DEPTH} deep")


def _is_deep(raw: bytes) -> bool:
    brackets = _NO_BRACKET.sub(b"", _STRING.sub(b"", raw))
    for _ in range(MAX_DEPTH):  # removes the innermost lists and mappings
        brackets = brackets.replace(b"[]", b"\0").replace(b"{}", b"\0").replace(b"\0", b"")
    depth = deepest = 0
    for mark in brackets:  # the rest is deep, or not balanced
        depth += 1 if mark in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest > MAX_DEPTH or (deepest > 0 and depth == 0)


def _values(raw: bytes) -> int:
    return raw.count(b",") + raw.count(b"[") + raw.count(b"{")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key '{one_line(twice, 60)}' stands twice")
    return found


def _integer(text: str) -> int:
    if len(text) > 20 or abs(int(text)) > MAX_INTEGER:
        raise ValueError(f"the whole number {one_line(text, 24)} is beyond 64 bits")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {one_line(text, 24)} is too large")
    return value


def _not_finite(text: str) -> float:
    raise ValueError(f"{text} is no number")

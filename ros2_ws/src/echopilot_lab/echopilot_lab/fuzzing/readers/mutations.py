"""Mutations of valid text files that know their structure: JSON, lines of JSON, YAML, XML, tables."""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from echopilot_lab.fuzzing.cases import damaged

Mutation = Callable[[np.random.Generator, bytes], bytes]

_RAW = (
    "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e-999", "1e308", "-1e308", "9" * 400, "-" + "9" * 5000,
    "18446744073709551616", "9223372036854775807", "-1", "0", "-0.0", "1.5", "true", "null", '""', "[]", "{}", "[[]]",
    '{"a": 1, "a": 2}', '"\\ud800"', '"\\u0000"', '"\\u001b[31mred"', '"two\\nlines"', '"../../../etc/passwd"',
    "[" * 20_000, "[" * 40 + "]" * 40, '{"a":' * 300 + "1" + "}" * 300, '"' + "x" * 100_000 + '"',
    "[" + "0," * 5000 + "0]", "{" + ",".join(f'"k{k}":{k}' for k in range(3000)) + "}", '"\u4e2d\u6587"', "nan", ".inf",
)  # fmt: skip
_MARK = "@@fuzz{}@@"
_YAML_HEADS = (
    b"&a [*a]\n",
    b"a: &a [1,1,1,1,1,1,1,1,1]\n"
    + b"".join(b"%c: &%c [%s]\n" % (98 + k, 98 + k, b",".join([b"*%c" % (97 + k)] * 9)) for k in range(9)),
    b"!!python/object/apply:os.system ['true']\n",
    b"%YAML 9.9\n---\n",
    b"--- a\n--- b\n",
    b"- " * 5000,
    b"\n".join(b" " * k + b"a:" for k in range(400)),
    b"{" * 20_000,
    b"<<: [1]\n",
    b"\xff\xfe",
)
_XML_HEADS = (
    b'<!DOCTYPE r [<!ENTITY a "0123456789"><!ENTITY b "' + b"&a;" * 10 + b'"><!ENTITY c "' + b"&b;" * 10 + b'">]>\n',
    b'<?xml version="1.0" encoding="utf-16"?>\n',
    b"<a>" * 20_000,
    b"<robot>" + b"<joint/>" * 30_000,
    b"",
)
_ATTRIBUTES = (
    "nan", "inf", "-inf", "1e999", "-1", "0", "", "1e308", "9" * 5000, "1 2", "0 0 0 0", "nan nan nan", "0 0 0", "x",
    "continuous", "prismatic", "floating", "fixed", "&lt;", "base_link",
)  # fmt: skip


def json_mutation(rng: np.random.Generator, data: bytes) -> bytes:
    """The document with one to three values replaced, removed, doubled or renamed; one in four damaged as bytes."""
    if rng.random() < 0.25:
        return damaged(rng, data)
    document, raw = json.loads(data), list[str]()
    for _ in range(int(rng.integers(1, 4))):
        document = _changed(rng, document, raw)
    text = json.dumps(document, indent=[None, 1][int(rng.integers(2))])
    for k, value in enumerate(raw):
        text = text.replace(f'"{_MARK.format(k)}"', value)
    return text.encode("utf-8", "surrogatepass")


def lines_mutation(rng: np.random.Generator, data: bytes) -> bytes:
    """One to three lines changed as documents, or cut, doubled or mixed."""
    if rng.random() < 0.25:
        return damaged(rng, data)
    lines = data.split(b"\n")
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(max(len(lines) - 1, 1)))
        match int(rng.integers(5)):
            case 0 | 1:
                try:
                    lines[at] = json_mutation(rng, lines[at]).replace(b"\n", b" ")
                except (ValueError, RecursionError):  # changed before, into what no parser takes
                    lines[at] = b"{"
            case 2:
                lines.insert(at, _pick(rng, _RAW).encode())
            case 3:
                del lines[at]
            case _:
                lines.insert(at, lines[int(rng.integers(len(lines)))])
        lines = lines or [b""]
    return b"\n".join(lines)


def yaml_mutation(rng: np.random.Generator, data: bytes) -> bytes:
    """As JSON, which is YAML too, or with the traps of YAML in front, or a value of the text replaced."""
    import yaml

    match int(rng.integers(4)):
        case 0:
            return json_mutation(rng, json.dumps(yaml.safe_load(data), default=str).encode())
        case 1:
            return bytes(_pick(rng, _YAML_HEADS)) + data
        case 2:
            lines = data.decode().split("\n")
            at = int(rng.integers(len(lines)))
            lines[at] = lines[at].partition(":")[0] + ": " + _pick(rng, _RAW)
            return "\n".join(lines).encode()
        case _:
            return damaged(rng, data)


def xml_mutation(rng: np.random.Generator, data: bytes) -> bytes:
    """One to three attributes replaced or removed, an element doubled, or the traps of XML in front."""
    text, choice = data.decode(), int(rng.integers(5))
    if choice == 0:
        return damaged(rng, data)
    if choice == 1:
        return bytes(_pick(rng, _XML_HEADS)) + data
    for _ in range(int(rng.integers(1, 4))):
        found = list(re.finditer(r'(\w+)="([^"]*)"', text))
        if not found:
            break
        hit = found[int(rng.integers(len(found)))]
        new = "" if rng.random() < 0.2 else f'{hit[1]}="{_pick(rng, _ATTRIBUTES)}"'
        text = text[: hit.start()] + new + text[hit.end() :]
    if choice == 2:
        joints = re.findall(r"<joint .*?</joint>", text, re.DOTALL)
        if joints:
            text = text.replace("</robot>", _pick(rng, tuple(joints)) * int(rng.integers(1, 100)) + "</robot>")
    return text.encode()


def table_mutation(rng: np.random.Generator, data: bytes) -> bytes:
    """Cells of a table, or words of a text, replaced; one in four damaged as bytes."""
    if rng.random() < 0.25:
        return damaged(rng, data)
    words = re.split(rb"([\s,;:=]+)", data)
    for _ in range(int(rng.integers(1, 4))):
        words[int(rng.integers(len(words)))] = _pick(rng, (*_ATTRIBUTES, "\x00", '"', "," * 50, "\u0663")).encode()
    return b"".join(words)


def rehashed(rng: np.random.Generator, data: bytes) -> bytes:
    """A calibration changed inside its hash as often as not."""
    changed = json_mutation(rng, data)
    if rng.random() < 0.5:
        return changed
    try:
        document = json.loads(changed)
        document.pop("sha256", None)
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return json.dumps(document | {"sha256": hashlib.sha256(text.encode()).hexdigest()}).encode()
    except (ValueError, TypeError, AttributeError, RecursionError):
        return changed


def byte_mutation(rng: np.random.Generator, data: bytes) -> bytes:
    """Cut, flipped, removed, repeated or overwritten bytes."""
    return damaged(rng, data)


def _pick(rng: np.random.Generator, options: tuple[Any, ...]) -> Any:
    return options[int(rng.integers(len(options)))]


def _changed(rng: np.random.Generator, document: Any, raw: list[str]) -> Any:
    """The document with one change at a place drawn evenly over all its values."""
    places = list(_places(document))
    parent, key = places[int(rng.integers(len(places)))] if places else (None, None)
    if parent is None or rng.random() < 0.02:
        raw.append(_pick(rng, _RAW))
        return _MARK.format(len(raw) - 1)
    choice = int(rng.integers(8))
    if choice == 0:
        del parent[key]
    elif choice == 1 and isinstance(parent, dict):
        parent[f"{key}x"] = parent.pop(key)
    elif choice == 2 and isinstance(parent, list) and key is not None:
        parent += [parent[key]] * int(rng.integers(1, 300))
    elif choice == 3:
        other, name = places[int(rng.integers(len(places)))]
        if name in other if isinstance(other, dict) else name < len(other):
            parent[key] = json.loads(json.dumps(other[name]))
    else:
        raw.append(_pick(rng, _RAW))
        parent[key] = _MARK.format(len(raw) - 1)
    return document


def _places(value: Any) -> Any:
    """Every (container, key) of a document."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])

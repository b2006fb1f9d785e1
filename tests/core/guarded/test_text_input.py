"""JSON, YAML and XML are refused by size, depth and numbers before anything is built from them."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from echopilot_core.guarded.bounded import MAX_DEPTH, MAX_YAML_BYTES, InputFileError, one_line, read_bounded, read_text
from echopilot_core.guarded.json_input import parse_json, read_json_lines
from echopilot_core.guarded.xml_input import parse_xml
from echopilot_core.guarded.yaml_input import parse_yaml

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(VALUES)
def test_every_document_within_the_limits_is_read_as_json_does(document: object) -> None:
    assert parse_json(json.dumps(document), "x.json") == document


@pytest.mark.parametrize("depth", [1, MAX_DEPTH, MAX_DEPTH + 1, 20_000])
@pytest.mark.parametrize("pair", ["[]", "{}"])
def test_depth_is_limited_before_parsing(depth: int, pair: str) -> None:
    inner = '"a":' if pair == "{}" else ""
    text = (pair[0] + inner) * (depth - 1) + pair + pair[1] * (depth - 1)
    if depth <= MAX_DEPTH:
        assert parse_json(text, "x.json") is not None
        assert parse_yaml(text.replace(":", ": "), "x.yaml") is not None
        return
    for parse in (parse_json, parse_yaml):
        with pytest.raises(InputFileError, match=f"nested more than {MAX_DEPTH} deep"):
            parse(text.replace(":", ": "), "x")


def test_brackets_inside_strings_are_no_depth() -> None:
    assert parse_json('["' + "[" * 1000 + '"]', "x.json") == ["[" * 1000]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1, 2", "line 1, column 6"),
        ('{"a": 1, "a": 2}', "stands twice"),
        ("[1e999]", "too large"),
        ("[NaN]", "NaN is no number"),
        ("[-Infinity]", "no number"),
        ("[9223372036854775808]", "beyond 64 bits"),
        ("[" + "9" * 5000 + "]", "beyond 64 bits"),
        ('["\\ud800"]', "surrogate"),
        ("", "line 1"),
        ("[" * 20_000, "nested"),
        ("0," * 3_000_000, "million values"),
    ],
)
def test_json_beyond_a_limit_is_refused_in_one_line(text: str, words: str) -> None:
    with pytest.raises(InputFileError, match=words) as error:
        parse_json(text, "x.json")
    assert str(error.value).startswith("x.json") and "\n" not in str(error.value) and len(str(error.value)) < 300


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(InputFileError, match="byte 3"):
        parse_json(b'["a\xff"]', "x.json")


def test_a_bad_line_costs_that_line_and_is_said(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"a": 1}\n' + b"[" * 20_000 + b'\n{"b": \n{"a": NaN}\n\n{"a": 2}\n{"a": 3')
    found = read_json_lines(path)
    assert found.documents == ({"a": 1}, {"a": 2})
    assert len(found.damaged) == 1
    assert "events.jsonl: 4 lines cannot be read; first line 2 (nested" in found.damaged[0]


def test_a_line_without_end_costs_itself_alone(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"1\n" + b"x" * 5_000_000 + b"\n2\n")
    found = read_json_lines(path)
    assert found.documents == (1, 2) and "line 2" in found.damaged[0]


LAUGHS = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "\n".join(
    f"{chr(98 + k)}: &{chr(98 + k)} [" + ",".join([f"*{chr(97 + k)}"] * 9) + "]" for k in range(9)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- " * 5000, "nested"),
        ("\n".join(" " * k + "a:" for k in range(200)), "nested"),
        ("a: &x [*x]", "contains itself"),
        (LAUGHS, "entries"),
        ("a: 1\na: 2", "line 2, column 1: key 'a' stands twice"),
        ("a: .inf", "finite"),
        ("a: .nan", "finite"),
        ("a: " + "9" * 5000, "digits"),
        ("a: 9223372036854775808", "64 bits"),
        ("a: 2001-13-45", "month"),
        ("a: !!bool maybe", "x.yaml"),
        ("a: !!python/object/apply:os.system [true]", "constructor"),
        ("a: !!timestamp x", "x.yaml"),
        ("? [1]\n: 2", "one word"),
        ("a: [", "line 1"),
        ("a\0", "x.yaml"),
        ("x" * (MAX_YAML_BYTES + 1), "kB"),
    ],
)  # fmt: skip
def test_yaml_beyond_a_limit_is_refused_in_one_line(text: str, words: str) -> None:
    began_s = time.process_time()
    with pytest.raises(InputFileError, match=words) as error:
        parse_yaml(text, "x.yaml")
    assert str(error.value).startswith("x.yaml") and "\n" not in str(error.value) and len(str(error.value)) < 300
    assert time.process_time() - began_s < 5.0


def test_aliases_within_the_limits_are_read() -> None:
    assert parse_yaml("a: &x {f: 1}\nb: *x\nc: {<<: *x, f: 2}", "x.yaml") == {
        "a": {"f": 1},
        "b": {"f": 1},
        "c": {"f": 2},
    }


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>',
        '<!DOCTYPE r SYSTEM "file:///etc/passwd"><r/>',
        "<a>" * 20_000,
        "<a>" + "<b/>" * 30_000 + "</a>",
        "<a>&unknown;</a>",
        "<a",
        "",
    ],
)
def test_xml_with_entities_or_beyond_a_limit_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(InputFileError) as error:
        parse_xml(text, "robot_description")
    assert "robot_description" in str(error.value) and "\n" not in str(error.value)


def test_only_files_within_their_size_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"12345")
    assert read_bounded(path, 5) == b"12345"
    for other, limit, words in ((path, 4, "at most"), (tmp_path, 9, "no file"), (Path("/dev/zero"), 9, "no file")):
        with pytest.raises(InputFileError, match=words):
            read_bounded(other, limit)
    with pytest.raises(FileNotFoundError):
        read_text(tmp_path / "none")


def test_foreign_text_in_a_message_is_one_printable_line() -> None:
    assert one_line("a\n\x1b[31mred\x00 \u4e2d") == "a \\x1b[31mred\\x00 \u4e2d"
    assert len(one_line("x" * 10_000)) < 250

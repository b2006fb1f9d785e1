"""Guarded YAML: depth, nodes and aliases are limited while the text is scanned, keys stand once, numbers are finite."""

import math
from pathlib import Path
from typing import Any

import yaml

from echopilot_core.guarded.bounded import (
    MAX_DEPTH,
    MAX_INTEGER,
    MAX_YAML_BYTES,
    MAX_YAML_NODES,
    InputFileError,
    one_line,
    read_bounded,
)


class _BoundedLoader(yaml.SafeLoader):
    """SafeLoader that refuses deep, large, self-referring and ambiguous documents before it builds them."""

    def __init__(self, data: bytes | str) -> None:
        super().__init__(data)
        self._nodes = self._depth = 0
        self._sizes: dict[str, int] = {}

    def fetch_flow_collection_start(self, token: Any) -> None:
        if self.flow_level >= MAX_DEPTH:
            self._refuse(f"nested more than {MAX_DEPTH} deep")
        super().fetch_flow_collection_start(token)

    def add_indent(self, column: int) -> bool:
        if len(self.indents) > MAX_DEPTH:
            self._refuse(f"nested more than {MAX_DEPTH} deep")
        return bool(super().add_indent(column))

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        before = self._nodes
        if isinstance(event, yaml.AliasEvent):
            if event.anchor in self.anchors and event.anchor not in self._sizes:
                self._refuse(f"alias *{one_line(event.anchor, 40)} contains itself")
            self._count(self._sizes.get(str(event.anchor), 1))
            return super().compose_node(parent, index)
        self._count(1)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._refuse(f"nested more than {MAX_DEPTH} deep")
        node = super().compose_node(parent, index)
        self._depth -= 1
        if event.anchor is not None:
            self._sizes[event.anchor] = self._nodes - before
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key must be one word", problem_mark=key.start_mark)
            if (name := (key.tag, key.value)) in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"key '{one_line(key.value, 60)}' stands twice", problem_mark=key.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep)

    def construct_number(self, node: yaml.ScalarNode) -> int | float:
        """An integer of 64 bits or a finite number."""
        if len(node.value) > 40:
            self._reject(node, "has too many digits")
        whole = node.tag.endswith(":int")
        try:
            value = self.construct_yaml_int(node) if whole else self.construct_yaml_float(node)
        except ValueError:
            self._reject(node, "is no number")
        if not math.isfinite(value) or (whole and abs(value) > MAX_INTEGER):
            self._reject(node, "is not a finite number" if not whole else "is beyond 64 bits")
        return value

    def _reject(self, node: yaml.ScalarNode, why: str) -> None:
        raise yaml.MarkedYAMLError(problem=f"{one_line(node.value, 24)} {why}", problem_mark=node.start_mark)

    def _count(self, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_YAML_NODES:
            self._refuse(f"more than {MAX_YAML_NODES} entries, those of aliases counted")

    def _refuse(self, problem: str) -> None:
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=self.get_mark())


for _tag in ("int", "float"):
    _BoundedLoader.add_constructor(f"tag:yaml.org,2002:{_tag}", _BoundedLoader.construct_number)


def read_yaml(path: Path, where: str = "", max_bytes: int = MAX_YAML_BYTES) -> Any:
    """The document of a YAML file; FileNotFoundError, or InputFileError with line and column."""
    where = where or path.name
    return parse_yaml(read_bounded(path, max_bytes, where), where)


def parse_yaml(data: bytes | str, where: str) -> Any:
    """The document in `data`; InputFileError with `where`, line and column for anything else than bounded YAML."""
    if len(data) > MAX_YAML_BYTES:
        raise InputFileError(f"{where}: more than {MAX_YAML_BYTES // 1000} kB of YAML")
    loader = None
    try:
        loader = _BoundedLoader(data)
        return loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise InputFileError(f"{where}: {place}{one_line(error.problem or error.context)}") from error
    except Exception as error:  # PyYAML raises every kind for a value that does not fit its tag
        raise InputFileError(f"{where} is no YAML: {one_line(error)}") from error
    finally:
        if loader is not None:
            loader.dispose()

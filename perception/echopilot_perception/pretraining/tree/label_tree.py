"""The tree of labels as a table of nodes, and its strict reader."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import MAX_YAML_BYTES, one_line, read_bounded
from echopilot_core.guarded.yaml_input import parse_yaml

TREE_FILE = Path(__file__).parent / "tree.yaml"
FORMAT = "echopilot-label-tree-1"
LEVELS = ("region", "organ", "view", "state")
ORGAN_KEYS = ("also", "views", "states")
MAX_NODES = 4_000


@dataclass(frozen=True)
class LabelTree:
    """Nodes by path (`thorax/heart/PLAX/systole`), every parent before its children.

    `other_names` are further names of organs, as folders may have them. `sha256` is that of the file.
    """

    paths: tuple[str, ...]
    other_names: dict[str, str]
    sha256: str

    def __len__(self) -> int:
        return len(self.paths)

    @cached_property
    def index(self) -> dict[str, int]:
        """Number of each node by its path."""
        return {path: k for k, path in enumerate(self.paths)}

    @cached_property
    def levels(self) -> NDArray[np.int64]:
        """Level (V,) of every node: 0 region, 1 organ, 2 view, 3 state."""
        return np.array([path.count("/") for path in self.paths], np.int64)

    @cached_property
    def parents(self) -> NDArray[np.int64]:
        """Number of the parent (V,) of every node, -1 of a region."""
        return np.array([self.index.get(path.rpartition("/")[0], -1) for path in self.paths], np.int64)

    @cached_property
    def organs(self) -> dict[str, str]:
        """Path of every organ by each of its names."""
        own = {path.split("/")[1]: path for path in self.paths if path.count("/") == 1}
        return own | self.other_names

    def node(self, path: str) -> int:
        """Number of a node; raises EchoPilotError with the nearest valid choices."""
        if path in self.index:
            return self.index[path]
        parent = path
        while parent and parent not in self.index:
            parent = parent.rpartition("/")[0]
        below = [p.removeprefix(f"{parent}/") for p in self.paths if p.rpartition("/")[0] == parent]
        where = f"below {parent} are" if parent else "regions are"
        raise EchoPilotError(
            f"the tree of labels has no {one_line(path, 80)}; {where} {', '.join(below) or 'no further nodes'}"
        )

    def above(self, node: int) -> list[int]:
        """The node and all its ancestors."""
        found = [node]
        while self.parents[found[-1]] >= 0:
            found.append(int(self.parents[found[-1]]))
        return found


def read_tree(path: Path = TREE_FILE) -> LabelTree:
    """Read a tree of labels; raises EchoPilotError with one line for anything else than a complete valid one."""
    if not path.is_file():
        raise EchoPilotError(f"tree of labels {path} does not exist")
    data = read_bounded(path, MAX_YAML_BYTES, path.name)
    document = _mapping(parse_yaml(data, path.name), ("format", "regions"), path.name)
    if document.get("format") != FORMAT:
        raise EchoPilotError(f"{path.name}: format is {one_line(document.get('format'), 40)}; it must be {FORMAT}")
    regions = document.get("regions")
    if not isinstance(regions, dict) or not regions:
        raise EchoPilotError(f"{path.name}: regions must be a mapping from each region to its organs")
    others: list[tuple[str, str]] = []
    paths: list[str] = []
    for path_of_node, also in _nodes(regions, path.name):
        paths.append(path_of_node)
        others += [(name, path_of_node) for name in also]
        if len(paths) > MAX_NODES:
            raise EchoPilotError(f"{path.name}: more than {MAX_NODES} nodes")
    organs = [p.split("/")[1] for p in paths if p.count("/") == 1] + [name for name, _ in others]
    twice = sorted({name for name in organs if organs.count(name) > 1} | (set(paths) & set(organs)))
    if twice or len(set(paths)) < len(paths):
        raise EchoPilotError(f"{path.name}: names stand for two nodes: {', '.join(twice) or 'a view or state'}")
    if len({p.partition("/")[0] for p in paths if "/" in p}) < len(regions):
        raise EchoPilotError(f"{path.name}: a region has no organ")
    return LabelTree(tuple(paths), dict(others), hashlib.sha256(data).hexdigest())


def _nodes(regions: dict[Any, Any], where: str) -> Iterator[tuple[str, list[str]]]:
    for region, organs in regions.items():
        place = _name(region, where)
        if not isinstance(organs, dict):
            raise EchoPilotError(f"{where}: region {place} must map each organ to {{}} or to its views")
        yield place, []
        for organ, given in organs.items():
            path = f"{place}/{_name(organ, where)}"
            about = _mapping(given, ORGAN_KEYS, f"{where}, {path}")
            also, views, states = (_names(about, key, f"{where}, {path}") for key in ORGAN_KEYS)
            if states and not views:
                raise EchoPilotError(f"{where}, {path}: states need views to occur in")
            yield path, also
            for view in views:
                yield f"{path}/{view}", []
                yield from ((f"{path}/{view}/{state}", []) for state in states)


def _mapping(given: object, keys: tuple[str, ...], where: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise EchoPilotError(f"{where} must be a mapping with {', '.join(keys)}")
    wrong = [key for key in given if key not in keys]
    if wrong:
        raise EchoPilotError(f"{where}: unknown key '{one_line(wrong[0], 40)}'; valid are {', '.join(keys)}")
    return given


def _names(about: dict[str, Any], key: str, where: str) -> list[str]:
    given = about.get(key, [])
    if not isinstance(given, list):
        raise EchoPilotError(f"{where}: {key} must be a list of names")
    return [_name(name, where) for name in given]


def _name(given: object, where: str) -> str:
    if not isinstance(given, str) or not given.replace("_", "").isalnum() or len(given) > 40:
        raise EchoPilotError(f"{where}: '{one_line(given, 40)}' is no name; use letters, digits and underscores")
    return given

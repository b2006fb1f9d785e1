"""Reference sets: strict, whole, sourced; a fault in one is a single line."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from grading_world import SVS

from echopilot_core import EchoPilotError
from echopilot_report.grading import DEFAULT_SETS, load_set, set_names
from echopilot_report.grading.loader import SET_FOLDER
from echopilot_report.grading.wording import texts


def edited(folder: Path, change: Callable[[dict[str, Any]], object]) -> str:
    """Path of a copy of the SVS set after a change."""
    document = yaml.safe_load((SET_FOLDER / f"{SVS}.yaml").read_text())
    change(document)
    path = folder / f"{SVS}.yaml"
    path.write_text(yaml.safe_dump(document))
    return str(path)


def men(document: dict[str, Any]) -> Any:
    return document["classes"]["men"]


FAULTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "gap": (lambda d: men(d)[1].update(low=26), "gap"),
    "overlap": (lambda d: men(d)[1].update(low=24), "overlap"),
    "empty class": (lambda d: men(d)[1].update(high=25), "is empty"),
    "hole above": (lambda d: men(d)[1].update(high=None), "open below"),
    "no classes": (lambda d: d["classes"].update(men=[]), "is empty"),
    "one sex": (lambda d: d["classes"].pop("women"), "'men' and 'women'"),
    "shorter for one sex": (lambda d: men(d)[-1].update(high=90), "different ranges"),
    "same class twice": (lambda d: men(d)[1].update(name="normal"), "twice"),
    "border finer than the precision": (lambda d: (men(d)[0].update(high=25.05), men(d)[1].update(low=25.05)), "25.05"),
    "border of endless size": (lambda d: men(d)[1].update(high=1e40), "no multiple"),
    "unknown key": (lambda d: d.update(color="red"), "color: unknown key"),
    "unknown key of a class": (lambda d: men(d)[0].update(color="red"), "color: unknown key"),
    "no source": (lambda d: d.pop("source"), "source: is missing"),
    "empty source": (lambda d: d.update(source=""), "source"),
    "no version": (lambda d: d.pop("version"), "version: is missing"),
    "no trust": (lambda d: d.pop("trust"), "trust: is missing"),
    "unknown trust": (lambda d: d["trust"].update(kind="rumour"), "trust.kind"),
    "unknown convention": (lambda d: d.update(convention="edge"), "choose one of"),
    "unknown unit": (lambda d: d.update(unit="inch"), "unit"),
    "not a number": (lambda d: men(d)[0].update(high=float("nan")), "finite"),
    "z without its unit": (lambda d: d.update(unit="z"), "z_score"),
    "another name": (lambda d: d.update(name="other"), "that of the file"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line(fault: str, tmp_path: Path) -> None:
    change, words = FAULTS[fault]
    with pytest.raises(EchoPilotError) as caught:
        load_set(edited(tmp_path, change))
    message = str(caught.value)
    assert words in message and message.startswith(f"reference set {SVS}.yaml") and "\n" not in message


@pytest.mark.parametrize("content", ["[1, 2]", "name: [", "name: a\nname: b", "\x00", ""])
def test_a_file_that_is_no_set_is_one_line(content: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(content)
    with pytest.raises(EchoPilotError, match="reference set mine") as caught:
        load_set(str(path))
    assert "\n" not in str(caught.value)


def test_a_key_that_stands_twice_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / f"{SVS}.yaml"
    path.write_text((SET_FOLDER / path.name).read_text() + "unit: mm\n")
    with pytest.raises(EchoPilotError, match="'unit' stands twice"):
        load_set(str(path))


def test_an_unknown_name_lists_the_choices() -> None:
    with pytest.raises(EchoPilotError, match=SVS):
        load_set("nothing")


def test_a_set_of_the_users_own_is_read(tmp_path: Path) -> None:
    assert load_set(edited(tmp_path, lambda d: d.update(version="2.0"))).version == "2.0"


def test_every_shipped_set_is_whole_and_has_all_its_words() -> None:
    assert set(DEFAULT_SETS) < set(set_names())
    for reference in map(load_set, set_names()):
        assert reference.source and reference.version and reference.quantity in texts()["quantity"]
        notes = [note for row in reference.measurements.values() for note in row]
        for table in reference.classes.values():
            assert table[0].low in (None, Decimal(0))
            for row in table:
                assert row.name in texts()["grade"] and row.follow_up in texts()["follow_up"]
                notes.extend(row.notes)
        assert set(notes) <= set(texts()["note"])

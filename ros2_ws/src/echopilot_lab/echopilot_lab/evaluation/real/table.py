"""The figures of labeled real images as a short table for a person."""

from typing import Any

from rich.console import Console
from rich.table import Table


def print_real(real: dict[str, Any], console: Console) -> None:
    """Print the table; counts as they are, because the numbers are small."""
    table = Table("labeled real images", "found", "of", title="Perception on real images", min_width=66)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, found, total in rows(real):
        table.add_row(name, found, total)
    console.print(table)


def rows(real: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Name, count or value, and number that it is out of (empty for a value)."""
    clips, stills, frames, fluid, gray = (real[key] for key in ("clips", "stills", "frames", "effusion", "gray_change"))
    return [
        ("clips: nearest view right in most frames", _n(clips["nearest_right"]), _n(clips["n"])),
        ("stills: nearest view right", _n(stills["nearest_right"]), _n(stills["n"])),
        ("frames of hearts named right", _n(frames["named_right"]), _n(frames["n"])),
        ("frames of hearts named wrong", _n(frames["named_wrong"]), _n(frames["n"])),
        ("hearts called foreign", _n(real["hearts_called_foreign"]), _n(real["hearts"])),
        ("hearts, score beyond the limit of foreign", _n(real["hearts_foreign_by_score"]), _n(real["hearts"])),
        ("foreign given a view", _n(real["foreign_named"]), _n(real["foreign"])),
        ("refused: hearts", _n(real["refused"]["hearts"]), _n(real["hearts"])),
        ("refused: foreign", _n(real["refused"]["foreign"]), _n(real["foreign"])),
        ("foreignness, area under the curve", _value(real["ood_auroc"]), ""),
        ("effusions found", _n(fluid["tp"]), _n(fluid["tp"] + fluid["fn"])),
        ("effusions where there is none", _n(fluid["fp"]), _n(fluid["fp"] + fluid["tn"])),
        ("foreignness moved by gray levels, p95 and most", *_pair(gray["ood"])),
        ("quality moved by gray levels, p95 and most", *_pair(gray["quality"])),
        *(
            (f"Dice {name}, median ({row['n']} frames)", _value(row["median"]), "")
            for name, row in real["dice"].items()
        ),
    ]


def _n(count: int) -> str:
    return str(count)


def _value(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _pair(spread: dict[str, float | None]) -> tuple[str, str]:
    return _value(spread["p95"]), _value(spread["max"])

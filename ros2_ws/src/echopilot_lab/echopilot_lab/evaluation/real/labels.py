"""Labels of real images: `labels.csv` in their folder, a row for every clip or still."""

import csv
import io
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from echopilot_core import View
from echopilot_core.guarded.bounded import InputFileError, one_line, read_text

LABELS = "labels.csv"
NEEDED, OPTIONAL = ("file", "view", "foreign", "effusion"), ("note",)
PSAX = "PSAX"
VIEWS: dict[str, frozenset[View]] = {
    **{view.name: frozenset({view}) for view in View if view is not View.NONE},
    PSAX: frozenset({View.PSAX_AV, View.PSAX_MV, View.PSAX_PM}),
    View.NONE.name: frozenset(),
}
"""Views that a label stands for: PSAX for any of the three short-axis levels."""
MAX_BYTES, MAX_ROWS = 4_000_000, 20_000


@dataclass(frozen=True)
class LabeledFile:
    """One row: `view` as it is written; `foreign`: neither heart nor aorta, or no B-mode; `effusion` None: unknown."""

    path: Path
    name: str
    view: str
    foreign: bool
    effusion: bool | None
    note: str = ""

    @property
    def views(self) -> frozenset[View]:
        """Views that would be right; empty where the image shows none of them."""
        return VIEWS[self.view]

    @property
    def is_heart(self) -> bool:
        """Whether one of the views is to be seen; what is neither this nor foreign is judged by neither."""
        return not self.foreign and bool(self.views)


def has_labels(folder: Path) -> bool:
    """Whether the images of this folder are labeled."""
    return (folder / LABELS).is_file()


def read_labels(folder: Path) -> tuple[LabeledFile, ...]:
    """All rows of `labels.csv`, in its order.

    Raises InputFileError that names the row, as a spreadsheet counts it, for anything that cannot be meant: a column
    that is missing, another view, a file that is not there or twice.
    """
    rows = csv.DictReader(io.StringIO(read_text(folder / LABELS, MAX_BYTES)), strict=True)
    found: dict[str, LabeledFile] = {}
    try:
        names = [name.strip() for name in rows.fieldnames or ()]
        missing, unknown = set(NEEDED) - set(names), set(names) - {*NEEDED, *OPTIONAL}
        if missing or unknown or len(set(names)) < len(names):
            raise InputFileError(
                f"{LABELS}, row 1: columns must be {', '.join(NEEDED)} and perhaps {', '.join(OPTIONAL)}, each once; "
                f"got {one_line(', '.join(names)) or 'none'}"
            )
        rows.fieldnames = names
        for number, cells in enumerate(rows, start=2):
            row = _row(folder, number, cells)
            if row.name in found:
                raise InputFileError(f"{LABELS}, row {number}: {one_line(row.name)} has a row already")
            if len(found) >= MAX_ROWS:
                raise InputFileError(f"{LABELS}: more than {MAX_ROWS} rows")
            found[row.name] = row
    except csv.Error as error:
        raise InputFileError(f"{LABELS}, line {rows.line_num}: {error}") from error
    if not found:
        raise InputFileError(f"{LABELS} has no rows")
    return tuple(found.values())


def _row(folder: Path, number: int, cells: dict[str, str | None]) -> LabeledFile:
    where = f"{LABELS}, row {number}"
    if None in cells or any(value is None for key, value in cells.items() if key in NEEDED):
        raise InputFileError(f"{where}: it needs {len(NEEDED)} cells, or {len(NEEDED) + 1} with a note")
    told = {key: (value or "").strip() for key, value in cells.items()}
    name, view = told["file"], told["view"]
    if view not in VIEWS:
        raise InputFileError(f"{where}: view '{one_line(view)}' is not known; choose from {', '.join(VIEWS)}")
    foreign = _flag(where, "foreign", told["foreign"])
    if foreign is None:
        raise InputFileError(f"{where}: foreign must be 0 or 1")
    if foreign and VIEWS[view]:
        raise InputFileError(f"{where}: a foreign image has view NONE, not {view}")
    inside = PurePosixPath(name)
    outside = not inside.parts or inside.is_absolute() or ".." in inside.parts
    if outside or not os.path.exists(folder / inside):  # False too for a name that no file can have
        raise InputFileError(f"{where}: no file '{one_line(name)}' in this folder")
    effusion = _flag(where, "effusion", told["effusion"])
    return LabeledFile(folder / inside, name, view, foreign, effusion, told.get("note", ""))


def _flag(where: str, column: str, text: str) -> bool | None:
    """True, False, or None for an empty cell."""
    if text not in ("", "0", "1"):
        raise InputFileError(f"{where}: {column} must be 0, 1 or empty, not '{one_line(text)}'")
    return None if text == "" else text == "1"

"""Tables of an SQLite bag, checked before a library queries them: views and triggers could compute without end."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line

NEEDED = ("messages", "topics")
PLAIN = ("table", "index")
MAGIC = b"SQLite format 3\0"


def check_tables(path: Path) -> None:
    """Raise EchoPilotError for a file that is no SQLite database of plain tables with messages and topics."""
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise EchoPilotError(f"{path.name} is not an SQLite bag")
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1", uri=True)) as database:
            found = database.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    except sqlite3.Error as error:
        raise EchoPilotError(f"{path.name} is damaged: {one_line(error, 80)}") from error
    computed = [name for kind, name, sql in found if kind not in PLAIN or " virtual " in str(sql or "").lower()[:40]]
    computed += [name for kind, name, sql in found if " as " in str(sql or "").lower() and kind == "table"]
    if computed:
        raise EchoPilotError(f"{path.name}: {one_line(computed[0], 40)!a} is no plain table; a bag holds nothing else")
    missing = [name for name in NEEDED if ("table", name) not in {(kind, name) for kind, name, _ in found}]
    if missing:
        raise EchoPilotError(f"{path.name} is not an SQLite bag: it has no table {' and '.join(missing)}")

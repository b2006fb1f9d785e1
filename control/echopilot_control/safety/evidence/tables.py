"""Tables of docs/safety.md, made from the declaration and from the reasons."""

from collections.abc import Iterable, Sequence

from echopilot_control.safety.evidence.declaration import EVIDENCE, PROTECTIONS
from echopilot_control.safety.reasons import Reason


def tables() -> dict[str, str]:
    """Markdown of each table by the name of its place in the page."""
    return {"evidence": evidence_table(), "protections": protections_table(), "reasons": reasons_table()}


def evidence_table() -> str:
    """What safety relies on, what makes it good, what follows when it is not, and how it can be lost or faked."""
    rows = [(e.name, e.source, e.good, _names(e.otherwise), ", ".join(e.ways)) for e in EVIDENCE]
    return _table(("evidence", "source", "good", "otherwise", "ways of losing or faking it"), rows)


def protections_table() -> str:
    """What the patient is protected from, what that needs, and the reasons that answer."""
    rows = [(p.name, ", ".join(p.needs), _names(p.reasons)) for p in PROTECTIONS]
    return _table(("protection", "needs", "reasons"), rows)


def reasons_table() -> str:
    """Every reason with its hazard, cause and reaction."""
    ordered = sorted(Reason, key=lambda reason: (reason.value.row, reason.name))
    rows = [
        (
            str(reason.value.row),
            f"`{reason.name}`",
            reason.value.text,
            reason.value.reaction.name + (", latched" if reason.value.latched else ""),
        )
        for reason in ordered
    ]
    return _table(("hazard", "reason", "cause", "reaction"), rows)


def filled(page: str) -> str:
    """The page with every table anew between its marks; ValueError for a page that lacks a mark."""
    for name, table in tables().items():
        begin, end = f"<!-- table: {name} -->\n", "<!-- end of table -->"
        if begin not in page:
            raise ValueError(f"no place for the table '{name}'")
        before, rest = page.split(begin, 1)
        page = before + begin + table + "\n" + end + rest.split(end, 1)[1]
    return page


def _names(reasons: Iterable[Reason]) -> str:
    return " ".join(f"`{reason.name}`" for reason in reasons)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *rows))

"""Table of docs/second_looks.md, made from second_looks.yaml."""

from echopilot_exam.protocol.step import Step, StepKind, StepStart
from echopilot_exam.suspicion.table import LookRow, second_looks

BEGIN, END = "<!-- table: second looks -->\n", "<!-- end of table -->"
HEAD = ("finding", "done", "steps", "time", "frames", "agree within", "confirms", "withdraws", "source")


def filled(page: str) -> str:
    """The page with the table anew between its marks; ValueError for a page without them."""
    if BEGIN not in page or END not in page:
        raise ValueError("no place for the table of second looks")
    before, rest = page.split(BEGIN, 1)
    return before + BEGIN + table_text() + "\n" + END + rest.split(END, 1)[1]


def table_text() -> str:
    """Markdown of the table, one row for each finding."""
    rows = [HEAD, ("---",) * len(HEAD), *(_cells(row) for row in second_looks().values())]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def step_text(step: Step) -> str:
    """A step of a second look in words."""
    what = f"{step.title} ({step.view.name}"
    if step.kind is StepKind.SWEEP:
        what += f", {1e3 * step.sweep_m:.0f} mm at {1e3 * step.speed_m_s:.0f} mm/s"
    where = {StepStart.USUAL: "", StepStart.PLACE: ", there", StepStart.BEFORE: ", around it"}[step.start]
    return f"{what}{where}, {step.force_n:.0f} N, at most {step.timeout_s:.0f} s)"


def _cells(row: LookRow) -> tuple[str, ...]:
    agree = f"{1e3 * row.agree_m:.0f} mm" if row.agree_m else "-"
    steps = ", then ".join(step_text(step) for step in row.steps)
    return (
        f"`{row.kind.name}`", row.does, f"{steps}; {row.looks} with a number", f"{row.budget_s:.0f} s",
        f"{row.frames} each", agree, row.confirms, row.withdraws, row.source,
    )  # fmt: skip

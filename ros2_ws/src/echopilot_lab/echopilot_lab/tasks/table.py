"""Scores of encoders as a table for the console and as a plot."""

from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from echopilot_lab.util.chart import COLORS, new_figure, save_figure, style

COLUMNS, WIDTH_PX, HEIGHT_PX = 4, 1400, 280


def print_scores(figures: dict[str, Any], console: Console) -> None:
    """A row for each application and share of labels; + and - mark sure differences from the first encoder."""
    labels = list(figures["encoders"])
    table = Table("task", "how", "labels", "metric", *map(escape, labels), box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name, task in figures["tasks"].items():
        for share, row in task["shares"].items():
            shown = f"{100 * float(share):g} %" if task["how"] != "no training" else "none"
            table.add_row(name, task["how"], shown, task["metric"], *(_told(row[label]) for label in labels))
    console.print(table)
    console.print(
        "95 % intervals by bootstrap over patients; + better, - worse than the first encoder on the same draws",
        highlight=False,
        soft_wrap=True,
    )


def _told(cell: dict[str, Any]) -> str:
    sign = next(
        (
            "+" if value["better"] else "-" if value["worse"] else ""
            for key, value in cell.items()
            if key.startswith("against_")
        ),
        "",
    )
    if cell["score"] is None:
        return "not determined"
    ends = ", ".join("?" if end is None else f"{end:.3g}" for end in cell["interval"])
    return f"{cell['score']:.3g} \\[{ends}] {sign}".rstrip()


def draw_scores(figures: dict[str, Any], path: Path) -> None:
    """PNG with a chart for each application: score over share of labels, a line with intervals for each encoder."""
    tasks = figures["tasks"]
    rows = -(-len(tasks) // COLUMNS)
    with style():
        figure, axes = new_figure(WIDTH_PX, HEIGHT_PX * rows, rows, COLUMNS)
        for chart, (name, task) in zip(axes, tasks.items(), strict=False):
            chart.set_title(f"{name}: {task['metric']}", fontsize=9.0)
            shares = list(task["shares"])
            for k, label in enumerate(figures["encoders"]):
                cells = [(i, task["shares"][share][label]) for i, share in enumerate(shares)]
                cells = [(i, c) for i, c in cells if None not in (c["score"], *c["interval"])]
                at = [i + 0.08 * k for i, _ in cells]
                scores = [c["score"] for _, c in cells]
                low = [max(c["score"] - c["interval"][0], 0.0) for _, c in cells]
                high = [max(c["interval"][1] - c["score"], 0.0) for _, c in cells]
                color = COLORS[k % len(COLORS)]
                chart.errorbar(at, scores, yerr=[low, high], color=color, marker="o", capsize=3.0, label=label)
            chart.set_xticks(range(len(shares)), [f"{100 * float(share):g} %" for share in shares])
        for chart in axes[len(tasks) :]:
            chart.set_visible(False)
        axes[0].legend(fontsize=8.0)
        save_figure(figure, path)

"""Evaluation of a folder of labeled real images: every file in a worker, then figures and the page."""

import multiprocessing
from pathlib import Path
from typing import Any

from rich.console import Console

from echopilot_lab.evaluation.real.figures import real_figures
from echopilot_lab.evaluation.real.labels import read_labels
from echopilot_lab.evaluation.real.observe import Piece, observe
from echopilot_lab.evaluation.real.page import Origin, check_page, write_page
from echopilot_lab.util.parallel import run_all
from echopilot_perception.model.manifest import read_manifest


def evaluate_real(
    folder: Path, console: Console, jobs: int = 1, model: Path | None = None, page: Path | None = None
) -> dict[str, Any]:
    """Figures over the rows of `labels.csv` in `folder`; `page` is an HTML file for people to look at.

    Raises EchoPilotError for a row that cannot be meant, for a damaged model, and for a page that would replace another
    file. A file that perception refuses in words is counted.
    """
    rows = read_labels(folder)
    if page is not None:
        check_page(page)
    manifest = read_manifest(model)
    pieces = [Piece(row, model, page is not None) for row in rows]
    files = run_all(observe, pieces, min(jobs, multiprocessing.cpu_count()), console, "real images")
    figures = real_figures(files)
    if page is not None:
        write_page(page, files, figures, Origin(folder.resolve().name, manifest.model_id, manifest.sha256))
        console.print(f"page of {len(files)} files -> {page}", highlight=False, soft_wrap=True)
    return figures

"""The report as PDF; needs the system library Pango."""

import logging
import warnings
from typing import Any

from echopilot_report import letters

NO_PANGO = (
    "no PDF: the system library Pango is missing; install it (Debian, Ubuntu: apt install libpango-1.0-0 "
    "libpangoft2-1.0-0) and run `echopilot report` again"
)

SUMMARY = '<section class="summary">'
DENSITIES = ("airy", "dense", "dense snug-sheet", "dense tight-sheet", "dense tight-sheet tightest-sheet")
"""Classes of the style sheet; the first with which the summary fits on one sheet is used."""


def pdf_of(html: str) -> tuple[bytes | None, str]:
    """The PDF of a self-contained page with a remark, or None and one line on how to enable it. Nothing is fetched.

    Letters that no installed font has are printed as their code points, and the remark names them.
    """
    try:
        html, missing = letters.with_codes(html)
        html = with_summary_on_one_sheet(html)
    except OSError:  # a shared library that cannot be loaded
        return None, NO_PANGO
    return _document(html).write_pdf(), letters.remark(missing)


def with_summary_on_one_sheet(html: str) -> str:
    """The page with its summary as dense as necessary for one sheet. Raises OSError where Pango is missing."""
    dense = html
    for density in DENSITIES:
        dense = html.replace(SUMMARY, f'<section class="summary {density}">', 1)
        if summary_sheets(dense) <= 1:
            break
    return dense


def summary_sheets(html: str) -> int:
    """Sheets of A4 that the page takes up to the end of its summary."""
    summary = html[: html.find("</section>")]
    return len(_document(f"{summary}</section></main></body></html>").render().pages)


def _document(html: str) -> Any:
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    fetcher = URLFetcher(allowed_protocols=["data"])  # the page contains all its images
    return HTML(string=html, url_fetcher=fetcher)

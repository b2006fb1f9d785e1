"""The page as PDF, where the system has Pango."""

import logging
import warnings
from typing import Any

NO_PANGO = (
    "no PDF: the system library Pango is missing; install it (Debian, Ubuntu: apt install libpango-1.0-0 "
    "libpangoft2-1.0-0) and run `echopilot report` again"
)

SUMMARY = '<section class="summary">'
DENSITIES = ("airy", "dense", "dense tight-sheet")
"""Classes of the style sheet; the first that brings the summary onto one sheet is taken."""


def pdf_of(html: str) -> tuple[bytes | None, str]:
    """The PDF of a self-contained page, or None and one line that says how to get it. Nothing is fetched."""
    try:
        html = with_summary_on_one_sheet(html)
    except OSError:  # a shared library that cannot be loaded
        return None, NO_PANGO
    return _document(html).write_pdf(), ""


def with_summary_on_one_sheet(html: str) -> str:
    """The page with its summary set as densely as it must be. Raises OSError where Pango is missing."""
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
    fetcher = URLFetcher(allowed_protocols=["data"])  # the page carries all its pictures
    return HTML(string=html, url_fetcher=fetcher)

"""The page as PDF, where the system has Pango."""

import logging
import warnings

NO_PANGO = (
    "no PDF: the system library Pango is missing; install it (Debian, Ubuntu: apt install libpango-1.0-0 "
    "libpangoft2-1.0-0) and run `echopilot report` again"
)


def pdf_of(html: str) -> tuple[bytes | None, str]:
    """The PDF of a self-contained page, or None and one line that says how to get it. Nothing is fetched."""
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from weasyprint import HTML
            from weasyprint.urls import URLFetcher
    except OSError:  # a shared library that cannot be loaded
        return None, NO_PANGO
    fetcher = URLFetcher(allowed_protocols=["data"])  # the page carries all its pictures
    return HTML(string=html, url_fetcher=fetcher).write_pdf(), ""

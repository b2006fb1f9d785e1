"""Route of the last exam's report, as a file to keep."""

from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse

from echopilot_report.page.routes.dependencies import SignedIn, State

router = APIRouter()
PDF = b"%PDF-"


@router.get("/report")
async def report(session: SignedIn, state: State) -> FileResponse:
    """The PDF of the report that was made last; 404 before there is one."""
    del session
    path = pdf_of(state.graph.report)
    if path is None:
        raise HTTPException(404, "there is no report yet")
    return FileResponse(path, media_type="application/pdf", filename=f"{path.parent.name}.pdf")


def pdf_of(told: Path | None) -> Path | None:
    """The PDF at a path told on the graph, or beside it; None where there is none.

    Any process of the graph can tell a path, so nothing but a PDF is handed out.
    """
    if told is None:
        return None
    for path in (told, told.with_suffix(".pdf")):
        try:
            with path.open("rb") as file:
                if path.suffix == ".pdf" and file.read(len(PDF)) == PDF:
                    return path
        except OSError:
            continue
    return None

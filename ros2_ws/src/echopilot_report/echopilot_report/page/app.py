"""The web application of the operator's page: state, middleware, static files and routes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from echopilot_core import Clock, SteadyClock
from echopilot_report.page.access.audit import default_audit
from echopilot_report.page.access.request_checks import Address
from echopilot_report.page.access.roles import Role
from echopilot_report.page.access.security_headers import SecurityMiddleware
from echopilot_report.page.graph import Graph
from echopilot_report.page.live.hub import Hub
from echopilot_report.page.routes import exam, hand_over, live, report, sign_in
from echopilot_report.page.state import PageState

WEB = Path(__file__).parent / "web"


def create_app(
    hub: Hub,
    graph: Graph,
    hashes: dict[Role, str],
    address: Address,
    protocols: tuple[str, ...] = (),
    clock: Clock | None = None,
    audit: Path | None = None,
) -> FastAPI:
    """The page of one graph.

    Args:
        hub: Distributes images, states and log lines to the open pages.
        graph: Carries out the requests.
        hashes: Argon2id hash per role.
        address: Where the page is served.
        protocols: Names of the protocols that an operator may start.
        clock: Time of sessions, confirmations and hand-overs; steady time by default.
        audit: File of the audit log; the user's own by default.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan)
    state = PageState(hub, graph, hashes, address, protocols, clock or SteadyClock(), audit or default_audit())
    state.restore_hold()
    app.state.page, app.state.gate = state, None
    app.add_middleware(SecurityMiddleware, address=address, secret=state.secret)
    app.mount("/web", StaticFiles(directory=WEB))
    app.add_api_route("/", _index)
    for router in (sign_in.router, exam.router, hand_over.router, live.router, report.router):
        app.include_router(router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state: PageState = app.state.page
    state.hub.bind(asyncio.get_running_loop())
    running = [asyncio.ensure_future(state.watch())]
    if app.state.gate is not None:
        running.append(asyncio.ensure_future(app.state.gate.keep(state)))
    yield
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def _index() -> FileResponse:
    return FileResponse(WEB / "index.html")

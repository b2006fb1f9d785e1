"""Route of the live socket: images, states and log lines to an open page."""

from functools import partial

from fastapi import APIRouter, WebSocket

from echopilot_report.page.access import request_checks
from echopilot_report.page.live.socket import SIGNED_OUT, serve_socket
from echopilot_report.page.state import PageState

router = APIRouter()


@router.websocket("/ws")
async def socket(connection: WebSocket) -> None:
    """Serve a signed-in page until it closes or its session ends."""
    state: PageState = connection.app.state.page
    session = state.session_of(connection)
    if request_checks.wrong_origin(connection.headers, state.address) or session is None:
        await connection.close(SIGNED_OUT)  # before it is accepted: the browser sees 403
        return
    state.sessions.pages[session.key] += 1
    try:
        await serve_socket(connection, state.hub, partial(_is_signed_in, state, session.key))
    finally:
        state.sessions.pages[session.key] -= 1
        if not state.sessions.pages[session.key]:
            del state.sessions.pages[session.key]


def _is_signed_in(state: PageState, key: str) -> bool:
    return state.sessions.alive(key, touch=True) is not None

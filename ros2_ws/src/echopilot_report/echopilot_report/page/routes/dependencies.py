"""Checks that the routes of the page depend on: session, token, permission and password."""

import asyncio
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from pydantic import BaseModel, ConfigDict

from echopilot_report.page.access import request_checks
from echopilot_report.page.access.accounts import is_right
from echopilot_report.page.access.password_turns import WaitingLimitError
from echopilot_report.page.access.peer_process import source_of
from echopilot_report.page.access.roles import Action, Role, refusal
from echopilot_report.page.access.sessions import PageSession
from echopilot_report.page.state import PageState

TOKEN_HEADER = "x-echopilot-token"
MOST_WRONG_CONFIRMS = 6


class RequestBody(BaseModel):
    """Base of all request bodies; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


async def page_state(request: Request) -> PageState:
    """The state that `create_app` stored in the application."""
    state: PageState = request.app.state.page
    return state


State = Annotated[PageState, Depends(page_state)]


async def signed_in(request: Request, state: State) -> PageSession:
    """The request's session; raises 401 without one."""
    session = state.session_of(request)
    if session is None:
        raise HTTPException(401, "sign in first")
    return session


SignedIn = Annotated[PageSession, Depends(signed_in)]


async def trusted(request: Request, session: SignedIn) -> PageSession:
    """The request's session if its token came along; raises 403 otherwise."""
    if request.headers.get(TOKEN_HEADER) != session.token:
        raise HTTPException(403, "the session's token is missing or wrong")
    return session


Trusted = Annotated[PageSession, Depends(trusted)]


def is_local(request: Request) -> bool:
    """True when the request comes from this machine itself."""
    return request_checks.is_local(request.headers, request.client.host if request.client else "")


def require_permission(request: Request, session: PageSession, action: Action) -> None:
    """Raise 403 when the session's role may not request `action` from where it is."""
    if reason := refusal(action, session.role, is_local(request)):
        raise HTTPException(403, reason)


async def check_sign_in(state: PageState, request: Request, role: Role, password: str) -> None:
    """Check a role's password when it is the sender's turn; raises 401 when it is wrong, 429 when too many wait."""
    sender = request.client
    source = await asyncio.to_thread(source_of, sender.host, sender.port, state.port) if sender else ""
    try:
        async with state.sign_ins.turn(source):
            right = await asyncio.to_thread(is_right, state.hashes, role, password)
    except WaitingLimitError as error:
        raise HTTPException(429, str(error), {"Retry-After": "5"}) from None
    if not right:
        state.wrong_password(f"{role.value} from {sender.host if sender else 'nowhere'}, {source}")
        raise HTTPException(401, "role or password is wrong")


async def check_again(state: PageState, session: PageSession, password: str) -> None:
    """Check the password of a signed-in session again; after too many wrong ones the session ends."""
    try:
        async with state.confirms.turn(session.key):
            right = await asyncio.to_thread(is_right, state.hashes, session.role, password)
    except WaitingLimitError as error:
        raise HTTPException(429, str(error), {"Retry-After": "5"}) from None
    if right:
        del state.wrong_confirms[session.key]
        return
    state.wrong_confirms[session.key] += 1
    state.wrong_password(f"{session.label}, signed in")
    if state.wrong_confirms[session.key] >= MOST_WRONG_CONFIRMS:
        del state.wrong_confirms[session.key]
        state.sessions.close(session.key)
        raise HTTPException(401, "too many wrong passwords: this session has ended")
    raise HTTPException(401, "the password is wrong")

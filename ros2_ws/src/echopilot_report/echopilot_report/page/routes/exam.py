"""Routes for requests to the running graph: confirmation and start of an exam, and all other actions."""

import re

from fastapi import APIRouter, HTTPException, Request
from pydantic import Field

from echopilot_report.page.access.accounts import MAX_CHARACTERS
from echopilot_report.page.access.roles import Action
from echopilot_report.page.access.sessions import CONFIRM_S, PageSession
from echopilot_report.page.graph import PageRequest, RequestResult
from echopilot_report.page.routes.dependencies import (
    RequestBody,
    State,
    Trusted,
    check_again,
    require_permission,
)
from echopilot_report.page.routes.hand_over import require_hold
from echopilot_report.page.state import PageState

PSEUDONYM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
router = APIRouter()


class ConfirmBody(RequestBody):
    """The exam to be started; the password again, so that an unattended page starts nothing."""

    password: str = Field(max_length=MAX_CHARACTERS)
    protocol: str = Field(max_length=64)
    patient: str = Field(max_length=64)


class StartBody(RequestBody):
    """The one-time secret of a confirmation."""

    secret: str = Field(max_length=128)


@router.post("/api/confirm")
async def confirm(body: ConfirmBody, request: Request, session: Trusted, state: State) -> dict[str, object]:
    """Confirm an exam; the answer holds the secret that starts it once."""
    require_permission(request, session, Action.START)
    if body.protocol not in state.protocols:
        raise HTTPException(422, f"unknown protocol; choose one of {', '.join(state.protocols)}")
    if not PSEUDONYM.fullmatch(body.patient):
        raise HTTPException(422, "a pseudonym has 1 to 32 letters, digits, - or _; never a name")
    await check_again(state, session, body.password)
    return {"secret": state.sessions.confirm(session, body.protocol, body.patient), "seconds": CONFIRM_S}


@router.post("/api/start")
async def start(body: StartBody, request: Request, session: Trusted, state: State) -> dict[str, object]:
    """Start the confirmed exam."""
    require_permission(request, session, Action.START)
    confirmed = state.sessions.redeem(session, body.secret)
    if confirmed is None:
        raise HTTPException(403, "this confirmation was used already or is too old; confirm again")
    exam_request = PageRequest(Action.START, session.label, confirmed.protocol, confirmed.patient)
    return await _forward(state, session, exam_request)


@router.post("/api/do/{action}")
async def do(action: Action, request: Request, session: Trusted, state: State) -> dict[str, object]:
    """Carry out any action but START, and STOP, which is the gate's."""
    if action is Action.START:
        raise HTTPException(403, "an exam starts only after a confirmation")
    require_permission(request, session, action)
    return await _forward(state, session, PageRequest(action, session.label))


async def _forward(state: PageState, session: PageSession, request: PageRequest) -> dict[str, object]:
    """Pass a request on to the graph, write it down with its result; raises 409 when it was not carried out."""
    try:
        require_hold(state, session, request.action)
        result = await state.graph.ask(request)
    except HTTPException as refused:
        result = RequestResult(False, str(refused.detail))
    if result.done and request.action in (Action.STOP, Action.PAUSE):
        state.hold(session)
    if result.done and request.action in (Action.RESUME, Action.START):
        state.holds.clear()
    about = {"protocol": request.protocol, "patient": request.patient} if request.action is Action.START else {}
    await state.commanded(request.action.value, session, result.done, result.message, **about)
    if not result.done:
        raise HTTPException(409, result.message)
    return {"message": result.message}

"""Routes by which what one operator stopped passes to another."""

from typing import Literal

from fastapi import APIRouter, HTTPException, Request
from pydantic import Field

from echopilot_report.page.access.accounts import MAX_CHARACTERS
from echopilot_report.page.access.roles import Action
from echopilot_report.page.access.sessions import PageSession
from echopilot_report.page.routes.dependencies import (
    RequestBody,
    State,
    Trusted,
    check_again,
    require_permission,
)
from echopilot_report.page.state import PageState

MOVES = frozenset({Action.RESUME, Action.SKIP, Action.LIFT_OFF, Action.START})
"""What nobody may do while another operator's stop is in force."""
router = APIRouter()


class HandOverBody(RequestBody):
    """What a session says about a hand-over."""

    what: Literal["ask", "agree", "refuse"]


class TakeOverBody(RequestBody):
    """The password again, so that an unattended page takes nothing over."""

    password: str = Field(max_length=MAX_CHARACTERS)


def require_hold(state: PageState, session: PageSession, action: Action) -> None:
    """Raise 409 when `action` would move what another operator has stopped."""
    state.holds.observe(state.graph.is_stopped)
    if action in MOVES and (others := state.holds.blocking(session.key)):
        raise HTTPException(409, f"stopped by {', '.join(sorted(set(others.values())))}: ask for a hand-over first")


@router.post("/api/hand-over")
async def hand_over(body: HandOverBody, request: Request, session: Trusted, state: State) -> dict[str, object]:
    """Ask for a hand-over, or answer one."""
    require_permission(request, session, Action.RESUME)
    if body.what == "ask":
        reason = state.holds.ask(session.key, session.label)
    else:
        reason = state.holds.answer(session.key, body.what == "agree")
    outcome = reason or {"ask": "the others are asked", "agree": "handed over", "refuse": "refused"}[body.what]
    await state.commanded(f"hand-over: {body.what}", session, not reason, outcome)
    state.show_holds()
    if reason:
        raise HTTPException(409, reason)
    return {"message": outcome}


@router.post("/api/take-over")
async def take_over(body: TakeOverBody, request: Request, session: Trusted, state: State) -> dict[str, object]:
    """Take over from operators who have no page open, or did not answer."""
    require_permission(request, session, Action.RESUME)
    reason = state.holds.may_take(session.key, state.is_present)
    if not reason:
        await check_again(state, session, body.password)
        reason = state.holds.may_take(session.key, state.is_present)  # the other may have come back meanwhile
    outcome = reason or f"taken over from {', '.join(sorted(set(state.holds.blocking(session.key).values())))}"
    await state.commanded("hand-over: take", session, not reason, outcome)
    if reason:
        raise HTTPException(409, reason)
    state.holds.take(session.key, session.label)
    state.show_holds()
    return {"message": outcome}

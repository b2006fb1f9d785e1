"""Routes for signing in and out, and for the session's own role and permissions."""

from fastapi import APIRouter, Request, Response
from pydantic import Field

from echopilot_report.page.access.accounts import MAX_CHARACTERS
from echopilot_report.page.access.roles import Action, Role, refusal
from echopilot_report.page.access.sessions import PageSession
from echopilot_report.page.routes.dependencies import (
    RequestBody,
    SignedIn,
    State,
    Trusted,
    check_sign_in,
    is_local,
)
from echopilot_report.page.state import PageState

router = APIRouter()


class SignInBody(RequestBody):
    """Role, its password, and the name that goes into the log."""

    role: Role
    password: str = Field(max_length=MAX_CHARACTERS)
    name: str = Field("", pattern=r"^[^\x00-\x1f\x7f]{0,32}$")


@router.post("/api/sign-in")
async def sign_in(body: SignInBody, request: Request, response: Response, state: State) -> dict[str, object]:
    """Open a session and set its cookie; an earlier session of the same browser ends."""
    await check_sign_in(state, request, body.role, body.password)
    if (old := state.session_of(request)) is not None:
        state.sessions.close(old.key)
    secret, session = state.sessions.open(body.role, body.name.strip())
    response.set_cookie(state.cookie, secret, httponly=True, samesite="strict", secure=state.address.tls, path="/")
    await state.commanded("sign-in", session, True, "signed in")
    return _about(state, request, session)


@router.get("/api/me")
async def about_me(request: Request, session: SignedIn, state: State) -> dict[str, object]:
    """Role, token and permitted actions of the session."""
    return _about(state, request, session)


@router.post("/api/sign-out")
async def sign_out(response: Response, session: Trusted, state: State) -> dict[str, object]:
    """Close the session and delete its cookie."""
    state.sessions.close(session.key)
    response.delete_cookie(state.cookie, path="/")
    await state.commanded("sign-out", session, True, "signed out")
    return {}


def _about(state: PageState, request: Request, session: PageSession) -> dict[str, object]:
    local = is_local(request)
    return {
        "id": session.key[:12],
        "role": session.role.value,
        "name": session.name,
        "token": session.token,
        "may": [a.value for a in Action if not refusal(a, session.role, local)],
        "local": local,
        "protocols": state.protocols,
    }

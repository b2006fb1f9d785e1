"""The web application: who may see and ask what. Pictures and states come from the hub, wishes go to the graph."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict, Field

from echopilot_core import Clock, SteadyClock
from echopilot_report.page import guard
from echopilot_report.page.accounts import MAX_CHARACTERS, is_right
from echopilot_report.page.attempts import Attempts
from echopilot_report.page.graph import Graph, Wish
from echopilot_report.page.hub import Hub
from echopilot_report.page.roles import Action, Role, refusal
from echopilot_report.page.sessions import CONFIRM_S, Session, Sessions
from echopilot_report.page.shield import Shield
from echopilot_report.page.socket import serve_socket
from echopilot_report.page.texts import log_line

WEB = Path(__file__).parent / "web"
TOKEN_HEADER = "x-echopilot-token"
PSEUDONYM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_NAME = r"^[^\x00-\x1f\x7f]{0,32}$"


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SignIn(_Body):
    """Role, its password, and the name that goes into the log."""

    role: Role
    password: str = Field(max_length=MAX_CHARACTERS)
    name: str = Field("", pattern=_NAME)


class Confirm(_Body):
    """What is to be started; the password again, so that a page left open starts nothing."""

    password: str = Field(max_length=MAX_CHARACTERS)
    protocol: str = Field(max_length=64)
    patient: str = Field(max_length=64)


class Start(_Body):
    """The one-time secret of a confirmation."""

    secret: str = Field(max_length=128)


def create_app(
    hub: Hub,
    graph: Graph,
    hashes: dict[Role, str],
    address: guard.Address,
    protocols: tuple[str, ...] = (),
    clock: Clock | None = None,
) -> FastAPI:
    """The page of one graph. `hashes`: Argon2id hash per role; `protocols`: what an operator may start."""
    clock = clock or SteadyClock()
    sessions, attempts = Sessions(clock), Attempts(clock)
    one_at_a_time = asyncio.Semaphore(1)  # many at once would take memory and time from the graph
    cookie = f"echopilot_{min(address.hosts).rpartition(':')[2]}"  # cookies do not know ports

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        hub.bind(asyncio.get_running_loop())
        yield

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.add_middleware(Shield, address=address)
    app.mount("/web", StaticFiles(directory=WEB))

    def signed_in(request: Request) -> Session:
        session = sessions.of(request.cookies.get(cookie))
        if session is None:
            raise HTTPException(401, "sign in first")
        return session

    def trusted(request: Request, session: Annotated[Session, Depends(signed_in)]) -> Session:
        if request.headers.get(TOKEN_HEADER) != session.token:
            raise HTTPException(403, "the session's token is missing or wrong")
        return session

    def local(request: Request) -> bool:
        return guard.is_local(request.headers, request.client.host if request.client else "")

    def permit(request: Request, session: Session, action: Action) -> None:
        if reason := refusal(action, session.role, local(request)):
            raise HTTPException(403, reason)

    async def check_password(request: Request, role: Role, password: str) -> None:
        where = request.client.host if request.client else ""
        async with one_at_a_time:
            if (wait_s := attempts.wait_s(where)) > 0.0:
                raise HTTPException(
                    429, f"too many wrong passwords; wait {wait_s:.0f} s", {"Retry-After": f"{wait_s:.0f}"}
                )
            attempts.wrong(where)
            if not await asyncio.to_thread(is_right, hashes, role, password):
                hub.put_event(log_line(f"wrong password for {role.value} from {where}", "warn"))
                raise HTTPException(401, "role or password is wrong")
            attempts.right(where)

    def me(request: Request, session: Session) -> dict[str, object]:
        is_local = local(request)
        may = [a.value for a in Action if not refusal(a, session.role, is_local)]
        return {
            "role": session.role.value,
            "name": session.name,
            "token": session.token,
            "may": may,
            "local": is_local,
            "protocols": protocols,
        }

    @app.get("/")
    async def index() -> FileResponse:
        return FileResponse(WEB / "index.html")

    @app.post("/api/sign-in")
    async def sign_in(body: SignIn, request: Request, response: Response) -> dict[str, object]:
        await check_password(request, body.role, body.password)
        if (old := sessions.of(request.cookies.get(cookie))) is not None:
            sessions.close(old.key)
        secret, session = sessions.open(body.role, body.name.strip())
        response.set_cookie(cookie, secret, httponly=True, samesite="strict", secure=address.tls, path="/")
        hub.put_event(log_line(f"{who(session)} signed in"))
        return me(request, session)

    @app.get("/api/me")
    async def about_me(request: Request, session: Annotated[Session, Depends(signed_in)]) -> dict[str, object]:
        return me(request, session)

    @app.post("/api/sign-out")
    async def sign_out(response: Response, session: Annotated[Session, Depends(trusted)]) -> dict[str, object]:
        sessions.close(session.key)
        response.delete_cookie(cookie, path="/")
        hub.put_event(log_line(f"{who(session)} signed out"))
        return {}

    @app.post("/api/confirm")
    async def confirm(
        body: Confirm, request: Request, session: Annotated[Session, Depends(trusted)]
    ) -> dict[str, object]:
        permit(request, session, Action.START)
        if body.protocol not in protocols:
            raise HTTPException(422, f"unknown protocol; choose one of {', '.join(protocols)}")
        if not PSEUDONYM.fullmatch(body.patient):
            raise HTTPException(422, "a pseudonym has 1 to 32 letters, digits, - or _; never a name")
        await check_password(request, session.role, body.password)
        return {"secret": sessions.confirm(session, body.protocol, body.patient), "seconds": CONFIRM_S}

    @app.post("/api/start")
    async def start(body: Start, request: Request, session: Annotated[Session, Depends(trusted)]) -> dict[str, object]:
        permit(request, session, Action.START)
        confirmed = sessions.redeem(session, body.secret)
        if confirmed is None:
            raise HTTPException(403, "this confirmation was used already or is too old; confirm again")
        return await asked(Wish(Action.START, who(session), confirmed.protocol, confirmed.patient))

    @app.post("/api/do/{action}")
    async def do(action: Action, request: Request, session: Annotated[Session, Depends(trusted)]) -> dict[str, object]:
        if action is Action.START:
            raise HTTPException(403, "an exam starts only after a confirmation")
        permit(request, session, action)
        return await asked(Wish(action, who(session)))

    async def asked(wish: Wish) -> dict[str, object]:
        answer = await graph.ask(wish)
        level = "alarm" if wish.action is Action.STOP else "info" if answer.done else "warn"
        hub.put_event(log_line(f"{wish.action.value} by {wish.by}: {answer.message}", level))
        if not answer.done:
            raise HTTPException(409, answer.message)
        return {"message": answer.message}

    @app.websocket("/ws")
    async def socket(connection: WebSocket) -> None:
        session = sessions.of(connection.cookies.get(cookie))
        if guard.wrong_origin(connection.headers, address) or session is None:
            await connection.close(4401)  # before it is accepted: the browser sees 403
            return
        key = session.key

        async def stop() -> None:
            await graph.ask(Wish(Action.STOP, who(session)))

        await serve_socket(connection, hub, lambda: sessions.alive(key, touch=True) is not None, stop)

    return app


def who(session: Session) -> str:
    """For the log: name and role."""
    return f"{session.name} ({session.role.value})" if session.name else session.role.value

"""Middleware that checks every request and adds the security headers to every response."""

import hmac

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from echopilot_report.page.access import request_checks as guard
from echopilot_report.page.gate.head import CHANGES_NOTHING, PEER_HEADER


class SecurityMiddleware:
    """ASGI middleware: checks the host of all requests, origin and length of state-changing ones.

    Requests come through the gate, which proves itself by `secret` and names the sender.
    """

    def __init__(self, app: ASGIApp, address: guard.Address, secret: str) -> None:
        self._app = app
        self._address = address
        self._secret = secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = guard.wrong_host(headers, self._address)
        secret, _, peer = headers.get(PEER_HEADER, "").partition(" ")
        if not hmac.compare_digest(secret.encode(), self._secret.encode()):
            refusal = refusal or "this request did not come through the gate"
        else:
            host, _, port = peer.partition(" ")
            scope["client"] = (host, int(port))
        if scope["type"] == "http" and scope["method"] not in CHANGES_NOTHING:
            refusal = refusal or guard.wrong_origin(headers, self._address) or guard.too_large(headers)
        if scope["type"] == "websocket":
            refusal = refusal or guard.wrong_origin(headers, self._address)
            if refusal:
                await send({"type": "websocket.close", "code": 1008})
                return
        inner: ASGIApp = JSONResponse({"detail": refusal}, 403) if refusal else self._app

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                for name, value in guard.HEADERS.items():
                    MutableHeaders(scope=message)[name] = value
            await send(message)

        await inner(scope, receive, with_headers if scope["type"] == "http" else send)

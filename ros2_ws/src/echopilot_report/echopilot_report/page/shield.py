"""Looks at every request before the application does, and adds the security headers to every answer."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from echopilot_report.page import guard

_CHANGES_NOTHING = ("GET", "HEAD")


class Shield:
    """ASGI middleware: host for all, origin and length for what changes something."""

    def __init__(self, app: ASGIApp, address: guard.Address) -> None:
        self._app = app
        self._address = address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = guard.wrong_host(headers, self._address)
        if scope["type"] == "http" and scope["method"] not in _CHANGES_NOTHING:
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

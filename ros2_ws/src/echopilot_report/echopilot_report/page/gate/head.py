"""Heads of HTTP requests: parsed strictly, refused cheaply, written anew for the application."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from echopilot_report.page.access import request_checks as guard

LARGEST_HEAD = 8192
PEER_HEADER = "x-echopilot-peer"
CHANGES_NOTHING = ("GET", "HEAD")
REASONS = {
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 408: "Request Timeout", 409: "Conflict", 200: "OK",
    429: "Too Many Requests", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
}  # fmt: skip
_DROPPED = ("connection", "keep-alive", "proxy-connection", "upgrade", "expect", "te", PEER_HEADER)
_SINGLE = ("host", "origin", "content-length", "cookie", "x-echopilot-token", "upgrade")


class HeadError(Exception):
    """The request is no HTTP/1.1 that a browser sends; the text is for the sender."""


@dataclass(frozen=True)
class RequestHead:
    """Method, target and headers (names in lower case) of one request."""

    method: str
    target: str
    headers: Mapping[str, str]

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def body_length(self) -> int:
        """Declared length of the body; 0 without one."""
        return int(self.headers.get("content-length") or 0)

    @property
    def is_socket(self) -> bool:
        """Whether this asks for a WebSocket."""
        return self.headers.get("upgrade", "").lower() == "websocket"

    def cookie(self, name: str) -> str:
        """Value of a cookie; empty without it."""
        for part in self.headers.get("cookie", "").split(";"):
            key, _, value = part.strip().partition("=")
            if key == name:
                return value
        return ""

    def refusal(self, address: guard.Address) -> str:
        """Reason why this request is not for the page, or "": host, origin and size, before anything else."""
        reason = guard.wrong_host(self.headers, address)
        has_body = "content-length" in self.headers or "transfer-encoding" in self.headers
        if self.is_socket or self.method not in CHANGES_NOTHING:
            reason = reason or guard.wrong_origin(self.headers, address)
        if has_body or self.method not in CHANGES_NOTHING:
            reason = reason or guard.too_large(self.headers)
        return reason

    def forwarded(self, peer: str) -> bytes:
        """The head for the application, with the sender in a header; one request per connection."""
        kept = [f"{name}: {value}" for name, value in self.headers.items() if name not in _DROPPED]
        link = ["connection: Upgrade", "upgrade: websocket"] if self.is_socket else ["connection: close"]
        lines = [f"{self.method} {self.target} HTTP/1.1", *kept, *link, f"{PEER_HEADER}: {peer}", "", ""]
        return "\r\n".join(lines).encode("latin-1")


def parse_head(data: bytes) -> RequestHead:
    """The head in `data`, which ends with an empty line. Raises HeadError."""
    try:
        first, *lines = data[:-4].decode("latin-1").split("\r\n")
        method, target, version = first.split(" ")
    except ValueError:
        raise HeadError("this is no HTTP request") from None
    if version != "HTTP/1.1" or not method.isalpha() or not method.isupper() or not target.startswith("/"):
        raise HeadError("this is no HTTP/1.1 request")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name, value = name.lower(), value.strip(" \t")
        if not colon or not name or not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
            raise HeadError("a header is malformed")
        if any(c in value for c in "\r\n\0") or (name in headers and name in _SINGLE):
            raise HeadError("a header is malformed")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return RequestHead(method, target, headers)


def answer(status: int, detail: Mapping[str, object], *more: str) -> bytes:
    """A whole answer in JSON with the page's security headers, after which the connection ends."""
    body = json.dumps(detail).encode()
    fixed = [f"{name}: {value}" for name, value in guard.HEADERS.items()]
    lines = [f"HTTP/1.1 {status} {REASONS[status]}", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, *fixed, *more, "Connection: close", "", ""]).encode() + body

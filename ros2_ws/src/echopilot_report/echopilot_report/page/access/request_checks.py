"""Checks of a request's headers, before its content is parsed."""

import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-real-ip")
LARGEST_BODY = 4096
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Address:
    """Where the page is served: allowed values of the Host header, and whether TLS is used."""

    hosts: frozenset[str]  # as in the Host header, port included
    tls: bool

    @property
    def origins(self) -> frozenset[str]:
        """Allowed values of the Origin header."""
        return frozenset(f"{'https' if self.tls else 'http'}://{host}" for host in self.hosts)


def loopback(port: int) -> Address:
    """The default: this machine only."""
    return Address(frozenset(f"{host}:{port}" for host in ("127.0.0.1", "localhost", "[::1]")), tls=False)


def wrong_host(headers: Mapping[str, str], address: Address) -> str:
    """Reason for a refusal, or "": an unknown name in the Host header indicates DNS rebinding."""
    return "" if headers.get("host") in address.hosts else "this page is not served under that name"


def wrong_origin(headers: Mapping[str, str], address: Address) -> str:
    """Reason for a refusal, or "": state-changing requests and sockets must come from this page."""
    origin = headers.get("origin")
    if origin is None:
        return "the Origin header is missing"
    return "" if origin in address.origins else "the request comes from another page"


def too_large(headers: Mapping[str, str]) -> str:
    """Reason for a refusal of a body, or "": its length must be declared, and small."""
    length = headers.get("content-length", "")
    if "transfer-encoding" in headers or not length.isdecimal():
        return "the length of the body is missing"
    return "" if int(length) <= LARGEST_BODY else f"the body is larger than {LARGEST_BODY} bytes"


def is_local(headers: Mapping[str, str], client: str) -> bool:
    """True when the request comes from this machine itself, not through a proxy on it."""
    if any(name in headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(client).is_loopback
    except ValueError:
        return False


def session_key(secret: str) -> str:
    """Key of the session whose cookie has this value."""
    return hashlib.sha256(secret.encode()).hexdigest()

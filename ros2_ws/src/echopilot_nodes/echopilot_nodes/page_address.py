"""Where the page listens and with which passwords; refuses what would be insecure."""

import ipaddress
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from echopilot_core import EchoPilotError
from echopilot_nodes.params import PageParams
from echopilot_report.page.accounts import default_store, hashed, one_time_password, read_store
from echopilot_report.page.guard import Address, loopback
from echopilot_report.page.roles import Role
from echopilot_report.page.server import bound

GIVEN = "ECHOPILOT_PAGE_PASSWORD"  # one-time password that whoever started the graph has shown already


@dataclass(frozen=True)
class Entrance:
    """A bound socket, the names it is reached by, hashes per role, and what a person must be told."""

    listening: socket.socket
    address: Address
    hashes: dict[Role, str]
    notice: str


def open_entrance(params: PageParams) -> Entrance:
    """Bind and read passwords; without a file an operator gets one password for this run. Raises EchoPilotError."""
    store = Path(params.passwords) if params.passwords else default_store()
    hashes = read_store(store)
    tls = bool(params.certificate and params.key)
    if not _is_loopback(params.host):
        if not tls:
            raise EchoPilotError(f"the page on {params.host} needs certificate and key; without them only 127.0.0.1")
        if not hashes:
            raise EchoPilotError(f"the page on {params.host} needs passwords: echopilot page password ROLE")
        if not params.names:
            raise EchoPilotError(f"the page on {params.host} needs the names by which browsers reach it (names)")
    listening = bound(params.host, params.port)
    port = listening.getsockname()[1]
    hosts = loopback(port).hosts | {f"{name}:{port}" for name in params.names.split()}
    address = Address(hosts, tls)
    shown = f"{'https' if tls else 'http'}://{params.names.split()[0] if params.names else '127.0.0.1'}:{port}"
    if hashes:
        roles = ", ".join(sorted(role.value for role in hashes))
        return Entrance(listening, address, hashes, f"operator's page: {shown} (passwords for {roles} in {store})")
    given = os.environ.pop(GIVEN, "")
    password = given or one_time_password()
    said = "with the password shown at the start" if given else f"password for this run: {password}"
    notice = f"operator's page: {shown}  role: operator  {said}"
    return Entrance(listening, address, {Role.OPERATOR: hashed(password)}, notice)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

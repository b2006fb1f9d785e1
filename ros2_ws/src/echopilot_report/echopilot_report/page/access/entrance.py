"""Address and passwords of the page; insecure configurations are refused."""

import ipaddress
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from echopilot_core import EchoPilotError
from echopilot_report.page.access.accounts import default_store, hashed, one_time_password, read_store
from echopilot_report.page.access.request_checks import Address, loopback
from echopilot_report.page.access.roles import Role
from echopilot_report.page.server import bound

GIVEN = "ECHOPILOT_PAGE_PASSWORD"  # one-time password that the launcher has shown already


@dataclass(frozen=True)
class Entrance:
    """A bound socket, the allowed host names, hashes per role, and a notice for the console."""

    listening: socket.socket
    address: Address
    hashes: dict[Role, str]
    notice: str


def open_entrance(
    host: str, port: int, passwords: str = "", certificate: str = "", key: str = "", names: str = ""
) -> Entrance:
    """Bind and read passwords; without a file of them an operator gets one password for this run.

    Args:
        host: Address to listen on; anything but loopback needs certificate, key, passwords and names.
        port: Port to listen on; 0 takes any free one.
        passwords: File made by `echopilot page password`; empty: the user's own.
        certificate: PEM file of the TLS certificate, or empty.
        key: PEM file of its key, or empty.
        names: Names in the certificate by which browsers reach the page, blank separated.

    Raises:
        EchoPilotError: the address is in use, or the configuration would be insecure.
    """
    store = Path(passwords) if passwords else default_store()
    hashes = read_store(store)
    tls = bool(certificate and key)
    if not _is_loopback(host):
        if not tls:
            raise EchoPilotError(f"the page on {host} needs certificate and key; without them only 127.0.0.1")
        if not hashes:
            raise EchoPilotError(f"the page on {host} needs passwords: echopilot page password ROLE")
        if not names:
            raise EchoPilotError(f"the page on {host} needs the names by which browsers reach it (names)")
    listening = bound(host, port)
    port = listening.getsockname()[1]
    hosts = loopback(port).hosts | {f"{name}:{port}" for name in names.split()}
    address = Address(hosts, tls)
    shown = f"{'https' if tls else 'http'}://{names.split()[0] if names else '127.0.0.1'}:{port}"
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

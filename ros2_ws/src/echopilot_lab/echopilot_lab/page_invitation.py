"""What the demo tells about the operator's page, and the environment in which the page keeps to it."""

from echopilot_core import EchoPilotError
from echopilot_report.page.accounts import default_store, one_time_password, read_store
from echopilot_report.page.server import bound

FIRST_PORT, PORTS = 8080, 20


def free_port() -> int:
    """A port on loopback that nobody uses, 8080 if possible; 0 (the page takes any) when all are taken."""
    for port in range(FIRST_PORT, FIRST_PORT + PORTS):
        try:
            bound("127.0.0.1", port).close()
        except EchoPilotError:
            continue
        return port
    return 0


def page_invitation() -> tuple[dict[str, str], str]:
    """Environment of the graph, and the line to print: address, and a password where the user has set none."""
    port = free_port()
    environment = {"ECHOPILOT_PAGE": "true", "ECHOPILOT_PAGE_PORT": str(port)}
    line = f"operator's page: http://127.0.0.1:{port}"
    if read_store(default_store()):
        return environment, f"{line} (with your passwords)"
    password = one_time_password()
    return environment | {"ECHOPILOT_PAGE_PASSWORD": password}, f"{line}  role: operator  password: {password}"

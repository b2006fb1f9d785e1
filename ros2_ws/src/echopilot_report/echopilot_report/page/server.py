"""HTTP server of the page: the gate's process on the bound socket, the application behind it in a thread."""

import socket
import ssl
import tempfile
import threading
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from echopilot_core import EchoPilotError
from echopilot_report.page.gate.keeper import COMMAND, GateKeeper
from echopilot_report.page.gate.link import GateConfig
from echopilot_report.page.state import PageState

BACKLOG = 4096  # a full one would cost a second per connection, STOP's as well


class PageServer:
    """Serves `app` on a bound socket from the constructor on, until `close`.

    Args:
        app: From `create_app`.
        listening: From `bound`.
        certificate: PEM file of the TLS certificate.
        key: PEM file of its key.
        gate: Command of the gate's process; by default one that passes STOP on to `app`.

    Raises:
        EchoPilotError: certificate and key do not fit.
    """

    def __init__(
        self,
        app: FastAPI,
        listening: socket.socket,
        certificate: Path | None = None,
        key: Path | None = None,
        gate: tuple[str, ...] = COMMAND,
    ) -> None:
        _check_certificate(certificate, key)
        state: PageState = app.state.page
        self._listening = listening
        self._accepts = threading.Event()
        self._folder = tempfile.TemporaryDirectory(prefix="echopilot-gate-")  # readable by its owner alone
        path = str(Path(self._folder.name) / "application")
        self._behind = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._behind.bind(path)
        config = GateConfig(
            hosts=tuple(state.address.hosts),
            tls=certificate is not None,
            certificate=str(certificate or ""),
            key=str(key or ""),
            cookie=state.cookie,
            application=path,
            secret=state.secret,
            audit=str(state.audit),
        )
        self.gate = app.state.gate = GateKeeper(gate, listening, config, self._accepts.set)
        uvicorn_config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,  # forwarded client addresses are not trusted
            ws_max_size=4096,
            ws_per_message_deflate=False,  # images are compressed already
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(uvicorn_config)
        self._thread = threading.Thread(target=self._server.run, args=([self._behind],), name="page", daemon=True)
        self._thread.start()

    def wait_open(self, timeout_s: float) -> bool:
        """Wait until the gate accepts connections; False when it does not."""
        return self._accepts.wait(timeout_s)

    def close(self) -> None:
        """End the server; open pages are disconnected."""
        self._server.should_exit = True
        self._thread.join(timeout=5.0)
        self._behind.close()
        self._listening.close()
        self._folder.cleanup()


def bound(host: str, port: int) -> socket.socket:
    """A bound, listening socket (port 0: any free port); raises EchoPilotError when the address is unavailable."""
    server = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server.bind((host, port))
        server.listen(BACKLOG)  # connections before the server's start wait
    except (OSError, OverflowError) as error:
        server.close()
        reason = getattr(error, "strerror", None) or error
        raise EchoPilotError(f"the page cannot listen on {host}:{port}: {reason}; choose another port") from error
    return server


def _check_certificate(certificate: Path | None, key: Path | None) -> None:
    if certificate is None:
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    except (OSError, ValueError) as error:
        raise EchoPilotError(f"certificate {certificate} and key {key} do not work: {error}") from error

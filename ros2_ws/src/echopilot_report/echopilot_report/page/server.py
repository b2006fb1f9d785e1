"""The page's server in a thread of its own, on a socket that is bound before the thread starts."""

import socket
import threading
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from echopilot_core import EchoPilotError


def bound(host: str, port: int) -> socket.socket:
    """A listening address (port 0: any free one); raises EchoPilotError when it cannot be had."""
    server = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server.bind((host, port))
        server.listen(128)  # who comes before the server has started waits
    except (OSError, OverflowError) as error:
        server.close()
        reason = getattr(error, "strerror", None) or error
        raise EchoPilotError(f"the page cannot listen on {host}:{port}: {reason}; choose another port") from error
    return server


class PageServer:
    """Serves `app` on a bound socket from the constructor on, until `close`."""

    def __init__(
        self, app: FastAPI, listening: socket.socket, certificate: Path | None = None, key: Path | None = None
    ) -> None:
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,  # whoever claims to speak for somebody else is not believed
            ws_max_size=4096,
            ws_per_message_deflate=False,  # pictures are packed already
            timeout_graceful_shutdown=1,
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
        self._listening = listening
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listening],), name="page", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the server; open pages are told."""
        self._server.should_exit = True
        self._thread.join(timeout=5.0)
        self._listening.close()

"""The gate's process, started by the page on its listening socket: `main` with what STOP does."""

import asyncio
import gc
import resource
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from echopilot_report.page.gate.link import GateConfig, Link
from echopilot_report.page.gate.server import Gate
from echopilot_report.page.gate.stop_desk import Stop

DESCRIPTORS = 4096
MakeStop = Callable[["Application"], Awaitable[Stop]]


class Application:
    """The page's process as the gate sees it."""

    def __init__(self) -> None:
        self.link = Link(self._heard)
        self.config: asyncio.Future[GateConfig] = asyncio.get_running_loop().create_future()
        self.gate: Gate | None = None
        self._early: list[dict[str, Any]] = []
        self._asked: dict[int, asyncio.Future[tuple[bool, str]]] = {}
        self._count = 0

    async def stop(self, by: str) -> tuple[bool, str]:
        """STOP carried out by the application."""
        self._count += 1
        result: asyncio.Future[tuple[bool, str]] = asyncio.get_running_loop().create_future()
        number = self._count
        self._asked[number] = result
        self.link.send({"ask": number, "by": by})
        try:
            return await asyncio.wait_for(result, 5.0)
        finally:
            self._asked.pop(number, None)

    def ready(self, gate: Gate) -> None:
        """From now on the gate hears of the sessions."""
        self.gate = gate
        for message in self._early:
            gate.received(message)
        self._early.clear()
        self.link.send({"ready": True})

    def _heard(self, message: dict[str, Any]) -> None:
        if "config" in message:
            self.config.set_result(GateConfig.of(message))
        elif "answer" in message:
            waiting = self._asked.get(message["answer"])
            if waiting is not None and not waiting.done():
                waiting.set_result((message["done"], message["message"]))
        elif self.gate is not None:
            self.gate.received(message)
        else:
            self._early.append(message)


async def by_the_application(application: Application) -> Stop:
    """STOP is passed on to the application."""
    return application.stop


def main(make_stop: MakeStop = by_the_application) -> None:
    """Run until the page's process has gone. Arguments: descriptors of the channel and of the listening socket."""
    channel, listening = (socket.socket(fileno=int(number)) for number in sys.argv[1:3])
    for number in (signal.SIGINT, signal.SIGTERM):  # the page's end is ours: STOP works until then
        signal.signal(number, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    asyncio.run(_serve(channel, listening, make_stop))


async def _serve(channel: socket.socket, listening: socket.socket, make_stop: MakeStop) -> None:
    application = Application()
    await application.link.open(channel)
    ended = asyncio.ensure_future(application.link.ended.wait())
    ended.add_done_callback(lambda _: application.config.cancel())
    try:
        config = await application.config
    except asyncio.CancelledError:  # the page has gone before it said anything
        return
    stop = await make_stop(application)
    gate = Gate(config, listening, stop, application.link.send)
    gc.freeze()  # what was imported is not looked through again
    gate.start()
    application.ready(gate)
    await ended


if __name__ == "__main__":
    main()

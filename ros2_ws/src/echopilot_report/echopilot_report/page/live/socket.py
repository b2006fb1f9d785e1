"""Socket of one open page: sends news, receives confirmations and pings; STOP ends at the gate."""

import asyncio
import json
import time
from collections.abc import Callable

from fastapi import WebSocket, WebSocketDisconnect

from echopilot_report.page.live.hub import Hub, Watcher
from echopilot_report.page.live.messages import message

CHECK_S = 2.0  # longest time until a page is closed whose session has ended
SIGNED_OUT = 4401


async def serve_socket(connection: WebSocket, hub: Hub, is_signed_in: Callable[[], bool]) -> None:
    """Serve until the page leaves or its session ends."""
    await connection.accept()
    watcher = hub.join()
    sides = [asyncio.ensure_future(s) for s in (_send(connection, watcher, is_signed_in), _hear(connection, watcher))]
    try:
        await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
    finally:
        hub.leave(watcher)
        for side in sides:
            side.cancel()
        await asyncio.gather(*sides, return_exceptions=True)


async def _send(connection: WebSocket, watcher: Watcher, is_signed_in: Callable[[], bool]) -> None:
    while is_signed_in():
        try:
            await asyncio.wait_for(watcher.wake.wait(), CHECK_S)
        except asyncio.TimeoutError:
            continue
        watcher.wake.clear()
        for text in watcher.take_texts():
            await connection.send_text(text)
        frame = watcher.take_frame()
        if frame is not None:
            await connection.send_bytes(frame)
    await connection.close(SIGNED_OUT)


async def _hear(connection: WebSocket, watcher: Watcher) -> None:
    while True:
        try:
            heard = json.loads(await connection.receive_text())
            kind = heard["kind"]
        except (ValueError, TypeError, KeyError):  # also a binary message
            await connection.close(1007)
            return
        except WebSocketDisconnect:
            return
        if kind == "got":
            watcher.confirm()
        elif kind == "ping":
            await connection.send_text(message("pong", at=heard.get("at"), now_ms=time.monotonic_ns() / 1e6))

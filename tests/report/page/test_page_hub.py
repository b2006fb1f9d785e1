"""The way of images and states to many watchers."""

import asyncio

from websockets.sync.client import connect

from echopilot_report.page.access.roles import Role
from echopilot_report.page.live.hub import IN_FLIGHT, Hub


async def settled() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


def test_a_watcher_that_falls_behind_gets_the_newest_picture_and_no_queue():
    async def scene() -> None:
        hub = Hub()
        hub.bind(asyncio.get_running_loop())
        slow, quick = hub.join(), hub.join()
        got = []
        for number in range(20):
            hub.put_frame(bytes([number]))
            await settled()
            frame = quick.take_frame()
            assert frame == bytes([number])
            quick.confirm()
            if (late := slow.take_frame()) is not None:
                got.append(late[0])
        assert got == list(range(IN_FLIGHT)), "nothing more before it has confirmed"
        slow.confirm()
        assert slow.take_frame() == bytes([19])

    asyncio.run(scene())


def test_all_watchers_share_the_bytes_of_one_picture():
    async def scene() -> None:
        hub, frame = Hub(), bytes(range(256))
        hub.bind(asyncio.get_running_loop())
        watchers = [hub.join() for _ in range(10)]
        hub.put_frame(frame)
        await settled()
        assert all(watcher.take_frame() is frame for watcher in watchers)

    asyncio.run(scene())


def test_a_late_comer_gets_the_events_so_far_once_and_the_newest_state():
    async def scene() -> None:
        hub = Hub()
        hub.bind(asyncio.get_running_loop())
        for text in ("old exam", "still old"):
            hub.put_event(text)
        hub.forget_events()
        hub.put_event("a")
        hub.put_newest("state", "1")
        hub.put_newest("state", "2")
        await settled()
        late = hub.join()
        hub.put_event("b")
        await settled()
        assert late.take_texts() == ["a", "b", "2"]
        assert late.take_texts() == []
        hub.leave(late)
        assert not hub.is_watched

    asyncio.run(scene())


def test_pictures_come_through_the_socket_as_they_were_put(page, person):
    viewer = person(Role.VIEWER)
    with connect(
        f"ws://127.0.0.1:{page.port}/ws", origin=page.origin, additional_headers={"Cookie": viewer.cookie}
    ) as socket:
        while not page.hub.is_watched:
            socket.recv(timeout=10)
        for number in range(5):
            page.hub.put_frame(bytes([number]) * 1000)
            message = socket.recv(timeout=10)
            while isinstance(message, str):
                message = socket.recv(timeout=10)
            assert message == bytes([number]) * 1000
            socket.send('{"kind":"got"}')

"""`echopilot bench page`: latency of STOP on the operator's page, cost of ten watching pages."""

import asyncio
import itertools
import json
import os
import signal
import statistics
import threading
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from echopilot_msgs.action import RunExam
from echopilot_msgs.srv import ResetSafety
from rich.console import Console

from echopilot_bringup.demo import free_port
from echopilot_bringup.page_probe import Listener, OpenPage, User, graph, page_process
from echopilot_bringup.page_under_attack import under_attack
from echopilot_core import ExamPhase
from echopilot_exam.machine.states import VIEW_PHASES

CLIENTS = 10
BARS = {
    "stop_p95_ms": 150.0,
    "attack_loss_pct": 10.0,
    "breaks": 0,
    "loss_pct": 10.0,
    "age_p95_ms": 150.0,
    "pictures_per_s": 10.0,
    "ticks_missed": 0,
}
WARM_S = 2.0  # robot time after which everything has run once
IN_CONTACT = {phase.name for phase in VIEW_PHASES | {ExamPhase.SWEEP}}


def stops(listener: Listener, operator: User, count: int) -> dict[str, float]:
    """Milliseconds from STOP on the page, over its socket and by a request in turn, to safety's first tick in STOPPED.

    From then on no twist leaves. Heard outside the page; safety is reset after each.
    """
    spent = []
    page = OpenPage(operator)
    listener.wait(lambda: listener.robot_s > WARM_S, 300.0, "warm graph")
    for number in range(count):
        request_s = time.monotonic()
        listener.wait(partial(listener.is_ok_since, request_s), 30.0, "safety OK")
        listener.stopped_s, listener.stopped_ticks = 0.0, 0
        if number % 2:
            sent_s = time.monotonic()
            operator.post("/api/do/stop", {})
        else:
            sent_s = page.stop()
        listener.wait(lambda: listener.stopped_ticks > 2, 60.0, "STOPPED")
        spent.append(1e3 * (listener.stopped_s - sent_s))
        request_s = time.monotonic()
        listener.reset.call_async(ResetSafety.Request(operator_name="bench"))
        listener.wait(partial(listener.is_ok_since, request_s), 60.0, "reset")
    page.close()
    return {f"p{p}": round(float(np.percentile(spent, p)), 1) for p in (50, 95, 100)}


class Watchers(threading.Thread):
    """Ten pages that take images as they come; their ages and rate."""

    def __init__(self, operator: User, listener: Listener) -> None:
        super().__init__(daemon=True)
        self.operator, self.news = operator, listener.news
        self.is_over = False
        self.images = [0] * CLIENTS
        self.ages_ms: list[float] = []
        self.sent_ms: list[float] = []  # how old the image was when the page had packed it
        self.start()

    def have_images(self) -> bool:
        """Whether every watcher has had two images."""
        return min(self.images) > 1

    def run(self) -> None:
        async def watch(number: int) -> None:
            async with self.operator.socket() as socket:
                async for message in socket:
                    if self.is_over:
                        return
                    if isinstance(message, bytes):
                        header = json.loads(message[4 : 4 + int.from_bytes(message[:4], "big")])
                        with self.news:
                            self.images[number] += 1
                            self.ages_ms.append(time.monotonic() * 1e3 - header["acquired_ms"])
                            self.sent_ms.append(header["sent_ms"] - header["acquired_ms"])
                            self.news.notify_all()
                        await socket.send('{"kind":"got"}')

        async def all_of_them() -> None:
            await asyncio.gather(*(watch(number) for number in range(CLIENTS)))

        asyncio.run(all_of_them())


def window(listener: Listener, seconds: float) -> tuple[float, float]:
    """Robot seconds per wall second over `seconds` of robot time, and the wall time [s] that it took."""
    with listener.news:
        robot_s, wall_s = listener.robot_s, listener.robot_wall_s
    listener.wait(lambda: listener.robot_s >= robot_s + seconds, 300.0, "robot time")
    spent_s = listener.robot_wall_s - wall_s
    return (listener.robot_s - robot_s) / spent_s, spent_s


def load(listener: Listener, operator: User, page_id: int, windows: int, seconds: float) -> dict[str, Any]:
    """Real-time factor with the page's process stopped and with ten watchers, in pairs of turning order in one exam."""
    listener.exam.wait_for_server(30.0)
    listener.exam.send_goal_async(RunExam.Goal(protocol="full", patient_pseudonym="bench"))
    listener.wait(lambda: listener.exam_state in IN_CONTACT, 300.0, "contact")
    factors: dict[bool, list[float]] = {True: [], False: []}
    ages: list[float] = []
    sent: list[float] = []
    rates: list[float] = []
    ticks: list[int] = []
    missed = listener.held = 0
    for pair in range(windows):
        for watched in (bool(pair % 2), not pair % 2):
            watchers = Watchers(operator, listener) if watched else None
            if watchers is not None:
                listener.wait(watchers.have_images, 60.0, "image for every watcher")
                before = sum(watchers.images)
                watchers.ages_ms.clear()
                watchers.sent_ms.clear()
            else:
                os.kill(page_id, signal.SIGSTOP)
            listener.ticks.clear()
            try:
                factor, spent_s = window(listener, seconds)
            finally:
                os.kill(page_id, signal.SIGCONT)
            factors[watched].append(factor)
            ticks = list(listener.ticks)
            if watchers is None:
                operator.post("/api/me", {})  # the page answers again
                continue
            missed += sum(b - a - 1 for a, b in itertools.pairwise(ticks) if b > a)
            rates.append((sum(watchers.images) - before) / spent_s / CLIENTS)
            ages += watchers.ages_ms
            sent += watchers.sent_ms
            watchers.is_over = True
            watchers.join()
        if not listener.exam_state:
            raise SystemExit("the exam ended before the windows did: fewer --windows or shorter --seconds")
    losses = [100.0 * (1.0 - a / b) for a, b in zip(factors[True], factors[False], strict=True)]
    return {
        "real_time_factor": {
            "stopped": round(statistics.median(factors[False]), 3),
            "watched": round(statistics.median(factors[True]), 3),
        },
        "loss_pct": round(statistics.median(losses), 1),
        "losses_pct": [round(loss, 1) for loss in losses],
        "pictures_per_s_per_client": round(statistics.median(rates), 1),
        "picture_age_ms": {f"p{p}": round(float(np.percentile(ages, p)), 0) for p in (50, 95)},
        "of_that_before_the_page_sent_it_ms": {f"p{p}": round(float(np.percentile(sent, p)), 0) for p in (50, 95)},
        "control_ticks_missed": missed,
        "safety_holds": listener.held,
    }


def verdict(figures: dict[str, Any]) -> dict[str, bool]:
    """Which bars hold, of what was measured."""
    found: dict[str, bool] = {}
    if "loss_pct" in figures:
        found |= {
            "stop": figures["stop_ms"]["p95"] <= BARS["stop_p95_ms"],
            "loss": figures["loss_pct"] <= BARS["loss_pct"],
            "rate": figures["pictures_per_s_per_client"] >= BARS["pictures_per_s"],
            "age": figures["picture_age_ms"]["p95"] <= BARS["age_p95_ms"],
            "ticks": figures["control_ticks_missed"] <= BARS["ticks_missed"],
        }
    if "attacks" in figures:
        rows = figures["attacks"].values()
        found |= {
            "stop under attack": all(row["stop_ms"]["p95"] <= BARS["stop_p95_ms"] for row in rows),
            "lockstep under attack": all(row["lockstep_breaks"] <= BARS["breaks"] for row in rows),
            "speed under attack": figures["attacks_loss_pct"] <= BARS["attack_loss_pct"],
        }
    return found


def bench_page(
    console: Console,
    stop_count: int = 40,
    windows: int = 8,
    seconds: float = 2.0,
    attacks: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Measure STOP and watching pages, or STOP under attacks, and print; "holds" says which bars hold.

    Args:
        console: Where to print.
        stop_count: How many STOPs; with `attacks`, under each.
        windows: How many pairs of windows with and without watching pages.
        seconds: Robot time of a window [s].
        attacks: Names of attacks, which are measured instead of watching pages.
    """
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    figures: dict[str, Any] = {}
    with graph(free_port(), "1.0") as (listener, operator, folder):
        if attacks is not None:
            figures |= under_attack(listener, operator, folder, attacks, stop_count, stops)
        else:
            figures["stop_ms"] = stops(listener, operator, stop_count)
    if attacks is None:
        with graph(free_port(), "0.0") as (listener, operator, _):
            figures |= load(listener, operator, page_process(operator.port), windows, seconds)
    figures["load_average"] = round(os.getloadavg()[0], 1)
    figures["holds"] = verdict(figures)
    console.print_json(data=figures)
    return figures

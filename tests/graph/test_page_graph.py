"""A browser at a running graph: sign in, watch, start, stop, resume, and a line that breaks."""

import http.client
import json
import os
import shutil
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from echopilot_msgs.msg import SafetyState
from geometry_msgs.msg import TwistStamped

from echopilot_nodes.graph import qos, topics
from echopilot_wire import stamp_of

PASSWORD = "for-this-test-only"
PATIENCE_MS = 120_000  # of the browser, on a busy machine


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.timeout(300)
def test_sign_in_watch_start_stop_resume_and_a_lost_connection(
    make_graph: Callable[..., Any], model: Path | None, tmp_path: Path
) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra dev)")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs Chromium (apt install chromium)")
    graph, port = make_graph(), free_port()
    graph.environment |= {"XDG_CONFIG_HOME": str(tmp_path / "none"), "XDG_STATE_HOME": str(tmp_path / "state")}
    graph.environment |= {"ECHOPILOT_PAGE_PASSWORD": PASSWORD}
    graph.start("page", port=port)
    graph.start_exam_graph(model, start="immediately", realtime_factor=1.0)
    safety = graph.listen(SafetyState, topics.SAFETY_STATE, qos.STATE, lambda m: (m.mode, stamp_of(m)))
    twists = graph.listen(TwistStamped, topics.ROBOT_SERVO_CV, qos.COMMAND, stamp_of)
    graph.wait(lambda: listens(port), 30.0, "the page")

    with playwright.sync_playwright() as browser_kit:
        browser = browser_kit.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(PATIENCE_MS)
        playwright.expect.set_options(timeout=PATIENCE_MS)
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        state, banner = page.locator("#state-name"), page.locator("#banner")

        page.goto(f"http://127.0.0.1:{port}/")
        page.fill("#sign-in input[name=password]", PASSWORD)
        page.click("#sign-in button")
        playwright.expect(state).to_have_text("Ready")
        playwright.expect(page.locator("#view")).not_to_have_text("-")  # images come, with results
        playwright.expect(page.locator("#quality")).to_contain_text("%")

        page.click("#do-start")
        page.fill("#start input[name=patient]", "P-1")
        for box in page.locator("#start input[type=checkbox]").all():
            box.check()
        page.fill("#start input[name=password]", PASSWORD)
        page.click("#start .primary")
        playwright.expect(page.locator("#start .primary")).to_contain_text("Start (")
        playwright.expect(state).to_have_text("Ready")  # one press more, or nothing moves
        page.click("#start .primary")
        playwright.expect(state).to_have_text("Approach")

        page.keyboard.press("Space")
        playwright.expect(banner).to_contain_text("Stopped by safety")
        graph.wait(lambda: bool(safety) and safety[-1][0] == SafetyState.MODE_STOPPED, 10.0, "the stop at safety")
        stopped_ns = min(ns for mode, ns in safety if mode == SafetyState.MODE_STOPPED)
        answered = len(safety)
        graph.wait(lambda: len(safety) > answered + 20, 20.0, "more ticks")
        late = [ns for ns in twists if ns > stopped_ns]
        assert late == [], f"nothing moves after STOP at {stopped_ns}"

        page.click("#do-resume")
        playwright.expect(banner).to_be_hidden()
        graph.wait(lambda: twists[-1] > stopped_ns, 30.0, "motion after resume")

        graph.processes["page"].send_signal(signal.SIGSTOP)  # the sockets stay open, nothing comes any more
        page.evaluate("window.frozenAt = performance.now()")
        page.wait_for_selector("body.lost", state="attached", timeout=10_000)
        silent_ms = page.evaluate("performance.now() - window.frozenAt")
        assert float(page.locator("#force .big").evaluate("e => getComputedStyle(e).opacity")) < 0.5, "dimmed"
        graph.processes["page"].send_signal(signal.SIGCONT)
        playwright.expect(banner).not_to_contain_text("Connection lost")
        assert silent_ms < 1500.0 + 1000.0 * (os.getloadavg()[0] > 4.0), "old values looked live for longer"

        graph.kill("page")
        playwright.expect(banner).to_contain_text("Connection lost")
        playwright.expect(banner).to_contain_text("emergency stop")
        assert wrong == []
        browser.close()


@pytest.mark.timeout(200)
def test_stop_arrives_while_the_process_of_the_page_is_frozen(make_graph: Callable[..., Any], tmp_path: Path) -> None:
    graph, port = make_graph(), free_port()
    graph.environment |= {
        "XDG_CONFIG_HOME": str(tmp_path / "none"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "ECHOPILOT_PAGE_PASSWORD": PASSWORD,
    }
    graph.start("safety")
    graph.start("page", port=port)
    graph.wait(lambda: listens(port), 60.0, "the page")
    headers = {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{port}"}

    def ask(path: str, body: dict[str, str]) -> http.client.HTTPResponse:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        line.request("POST", path, json.dumps(body), headers)
        return line.getresponse()

    answer = ask("/api/sign-in", {"role": "operator", "password": PASSWORD, "name": "A"})
    headers |= {"Cookie": answer.headers["Set-Cookie"].split(";")[0], "X-EchoPilot-Token": json.load(answer)["token"]}
    graph.wait(lambda: ask("/api/do/stop", {}).status == 200, 60.0, "safety and the gate to know each other")

    frozen = graph.processes["page"]
    frozen.send_signal(signal.SIGSTOP)
    try:
        answer = ask("/api/do/stop", {})
        assert answer.status == 200, answer.read()
    finally:
        frozen.send_signal(signal.SIGCONT)
    audit = tmp_path / "state" / "echopilot" / "commands.jsonl"
    graph.wait(
        lambda: audit.exists() and '"done": true, "outcome": "stopped' in audit.read_text(), 20.0, "the audit log"
    )
    lines = [json.loads(text) for text in audit.read_text().splitlines()]
    assert {(entry["command"], entry["by"]) for entry in lines} == {
        ("sign-in", "A (operator)"),
        ("stop", "A (operator)"),
    }
    graph.kill("page")
    graph.wait(lambda: not listens(port), 10.0, "the gate's end with the page")

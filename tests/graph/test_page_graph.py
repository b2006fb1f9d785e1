"""A browser at a running graph: sign in, watch, start, stop, resume, and a line that breaks."""

import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from echopilot_msgs.msg import SafetyState
from geometry_msgs.msg import TwistStamped

from echopilot_core import EchoPilotError
from echopilot_nodes import names, qos
from echopilot_nodes.conversions import from_time
from echopilot_nodes.page_address import open_entrance
from echopilot_nodes.params import PageParams

PASSWORD = "for-this-test-only"
PATIENCE_MS = 120_000  # of the browser, on a busy machine


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stamp_ns(message: Any) -> int:
    return from_time(message.header.stamp)


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
    graph.environment |= {"XDG_CONFIG_HOME": str(tmp_path / "none"), "ECHOPILOT_PAGE_PASSWORD": PASSWORD}
    graph.start("page", port=port)
    graph.start_exam_graph(model, start="immediately", realtime_factor=1.0)
    safety = graph.listen(SafetyState, names.SAFETY_STATE, qos.STATE, lambda m: (m.mode, stamp_ns(m)))
    twists = graph.listen(TwistStamped, names.ROBOT_SERVO_CV, qos.COMMAND, stamp_ns)
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
        playwright.expect(page.locator("#view")).not_to_have_text("-")  # pictures come, with results
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

        graph.kill("page")
        playwright.expect(banner).to_contain_text("Connection lost")
        playwright.expect(banner).to_contain_text("emergency stop")
        assert wrong == []
        browser.close()


def test_the_page_does_not_listen_beyond_this_machine_without_certificate_and_passwords(tmp_path: Path) -> None:
    nobody = str(tmp_path / "none.json")
    with pytest.raises(EchoPilotError, match="certificate"):
        open_entrance(PageParams(host="0.0.0.0", port=0, passwords=nobody))
    with pytest.raises(EchoPilotError, match="passwords"):
        open_entrance(PageParams(host="0.0.0.0", port=0, passwords=nobody, certificate="c.pem", key="k.pem"))
    entrance = open_entrance(PageParams(port=0, passwords=nobody))
    taken = entrance.listening.getsockname()[1]
    with pytest.raises(EchoPilotError, match="another port"):
        open_entrance(PageParams(port=taken, passwords=nobody))
    entrance.listening.close()
    assert entrance.notice.count("password for this run") == 1

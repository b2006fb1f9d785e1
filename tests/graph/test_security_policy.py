"""The SROS 2 policy allows what the nodes really create, and nothing else."""

import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.node import NodeNameNonExistentError
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Bool
from visualization_msgs.msg import MarkerArray

from echopilot_nodes.display.faces import FACES
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.speakers import SPEAKERS
from echopilot_nodes.operator.exam_cli import SERVICES

POLICY = Path(__file__).parents[2] / "ros2_ws/src/echopilot_bringup/config/security/echopilot.policy.xml"
LIFECYCLE = ("perception", "controller", "exam")
STARTED = (
    "simulator",
    "scorer",
    "safety",
    *LIFECYCLE,
    "lifecycle_manager",
    "recorder",
    "report",
    "page",
    "standard_topics",
    "igtl_server",
    "probe_source",
)
Rights = dict[str, set[str]]  # publish, subscribe, reply, request, execute, call: names
RIGHTS = {"topics": ("publish", "subscribe"), "services": ("reply", "request"), "actions": ("execute", "call")}
QUIET_S = 1.0
MARKERS = ((MarkerArray, topics.BODY_MARKERS), (MarkerArray, topics.AORTA_MARKERS))
NODES_OF = {"robot": {"simulator", "robot_bridge"}}


def allowed() -> dict[str, Rights]:
    """Rights by node, as the policy gives them."""
    found: dict[str, Rights] = {}
    for enclave in ElementTree.parse(POLICY).getroot().iter("enclave"):
        (profile,) = enclave.iter("profile")
        node, rights = profile.attrib["node"], defaultdict(set)
        assert enclave.attrib["path"] == f"/echopilot/{node}" and profile.attrib["ns"] == "/"
        for entry in profile:
            for right in entry.attrib:
                assert right in RIGHTS[entry.tag] and entry.attrib[right] == "ALLOW"
                rights[right] |= {(item.text or "").replace("~", f"/{node}") for item in entry}
        found[node] = dict(rights)
    return found


def created(node: Any, name: str) -> Rights:
    """What a running node has created."""
    asked = {
        "publish": node.get_publisher_names_and_types_by_node,
        "subscribe": node.get_subscriber_names_and_types_by_node,
        "reply": node.get_service_names_and_types_by_node,
        "request": node.get_client_names_and_types_by_node,
    }
    rights: Rights = defaultdict(set)
    for right, ask in asked.items():
        for full, _ in ask(name, "/"):
            action, marker, part = full.partition("/_action/")
            if not marker:
                rights[right].add(full)
            elif part in ("send_goal", "feedback"):
                rights["execute" if right in ("reply", "publish") else "call"].add(action)
    return dict(rights)


def differences(wanted: dict[str, Rights], given: dict[str, Rights]) -> list[str]:
    lines = []
    for node in sorted(wanted.keys() | given.keys()):
        for right in sum(RIGHTS.values(), ()):
            ours = {n if n.startswith("/") else f"/{n}" for n in wanted.get(node, {}).get(right, set())}
            theirs = {n if n.startswith("/") else f"/{n}" for n in given.get(node, {}).get(right, set())}
            lines += [f"{node} may not {right} {name}" for name in sorted(ours - theirs)]
            lines += [f"{node} need not {right} {name}" for name in sorted(theirs - ours)]
    return lines


@pytest.mark.timeout(300)
def test_the_policy_allows_what_the_running_graph_creates(
    make_graph: Callable[..., Any], model: Path | None, tmp_path: Path
) -> None:
    graph = make_graph()
    graph.environment |= {"XDG_CONFIG_HOME": str(tmp_path / "none"), "XDG_STATE_HOME": str(tmp_path / "state")}
    (tmp_path / "clip").mkdir()
    for k in range(3):
        cv2.imwrite(str(tmp_path / "clip" / f"{k}.png"), np.full((240, 320), 40 + k, dtype=np.uint8))
    parameters: dict[str, dict[str, object]] = {
        "page": {"port": 0},
        "igtl_server": {"port": 0},
        "perception": {"model": model} if model else {},
        "safety": {"enabling_device": True},
        "probe_source": {"clip": tmp_path / "clip"},
    }
    for name in STARTED:
        graph.start(name, **parameters.get(name, {}))
    for kind, topic in (*((f.kind, f.topic) for f in FACES), (PointCloud2, topics.BODY_POINTS), *MARKERS):
        graph.listen(kind, topic, 1, lambda _: None)  # standard_topics subscribes to what somebody wants
    active = graph.listen(Bool, topics.LIFECYCLE_ACTIVE, qos.LATCHED, lambda m: m.data)
    graph.wait(lambda: bool(active) and active[-1], 120.0, "an active graph")
    wanted: dict[str, Rights] = {}

    def settle(name: str, marker: str) -> None:
        """Until the node has created what `marker` names, and nothing more for a second."""
        since_s = time.monotonic()

        def complete() -> bool:
            nonlocal since_s
            try:
                found = created(graph.node, name)
            except NodeNameNonExistentError:
                return False
            if found != wanted.get(name):
                wanted[name], since_s = found, time.monotonic()
            has = any(marker in topic for names in found.values() for topic in names)
            return has and time.monotonic() - since_s > QUIET_S

        graph.wait(complete, 60.0, f"what {name} creates")

    ready = {
        "perception": topics.PROBE_FRAME,
        "controller": topics.BODY_LANDMARKS,
        "exam": topics.PROBE_FRAME,
        "simulator": topics.SHIFT_PATIENT,
        "safety": topics.SAFETY_STOP,
        "scorer": topics.EXAM_RECORD,
        "recorder": topics.EXAM_FINDINGS,
        "page": topics.EXAM_FOLDER,
        "page_stop": topics.EXAM_STOP,
        "standard_topics": topics.EXAM_STATE,
        "probe_source": topics.PERCEPTION_RESULT,
    }
    for name in (*STARTED, "page_stop"):  # the page starts its gate
        if name != "probe_source":
            settle(name, ready.get(name, "parameter_events"))
    console = [sys.executable, "-m", "echopilot_nodes.operator.console", "--protocol", "aorta", "--timeout", "60"]
    crtk = [sys.executable, "-m", "echopilot_nodes.operator.crtk"]
    jog = [sys.executable, "-m", "echopilot_nodes.operator.exam_cli", "jog", "--seconds", "20"]
    for name, command, marker in (
        ("exam_ask", jog, topics.CONTROL_JOG),
        ("crtk", crtk, topics.CRTK_MOVE_CP),
        ("console", console, topics.PERCEPTION_RESULT),
    ):
        foreground = subprocess.Popen(command, env=graph.environment, stdout=subprocess.DEVNULL, cwd=tmp_path)
        try:
            settle(name, marker)
        finally:
            foreground.kill()
            foreground.wait()
    # last: an exam ends beside a second source of frames, and its console with it
    for transition in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
        request = ChangeState.Request(transition=Transition(id=transition))
        assert graph.call(ChangeState, "probe_source/change_state", request).success
    settle("probe_source", ready["probe_source"])
    graph.kill("simulator")  # a graph has one robot
    graph.start("robot_bridge", "hardware.yaml")
    settle("robot_bridge", topics.ROBOT_SERVO_CV)
    wanted["exam_ask"].setdefault("request", set()).update(SERVICES.values())
    found = differences(wanted, {name: rights for name, rights in allowed().items() if name in wanted})
    assert not found, "\n".join(found)
    assert allowed().keys() == wanted.keys()


def test_only_the_speakers_of_the_table_may_publish_or_serve() -> None:
    given = allowed()
    for speaker in SPEAKERS:
        right = "reply" if speaker.service else "publish"
        name = speaker.name.lstrip("/")
        may = {node for node, rights in given.items() if name in {n.lstrip("/") for n in rights.get(right, set())}}
        if speaker.by != "operator":
            assert may and may <= NODES_OF.get(speaker.by, {speaker.by}), speaker.name
        else:
            assert len(may) <= speaker.most, speaker.name

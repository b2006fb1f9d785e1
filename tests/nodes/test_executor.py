"""What the nodes rely on in their executor; the whole graph spins in it."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2")

from rcl_interfaces.srv import GetParameters  # noqa: E402
from rclpy.action import ActionClient, ActionServer  # noqa: E402
from rclpy.clock import Clock, ClockType  # noqa: E402
from rclpy.executors import Executor, ExternalShutdownException  # noqa: E402
from rclpy.node import Node  # noqa: E402
from rclpy.task import Future  # noqa: E402
from std_msgs.msg import Int32  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from echopilot_nodes.graph import qos  # noqa: E402
from echopilot_nodes.graph.executor import make_executor, spin  # noqa: E402

pytestmark = pytest.mark.alone

PATIENCE_S = 20.0
STEADY = Clock(clock_type=ClockType.STEADY_TIME)


class Spun:
    """A node in its executor, in a ROS domain of its own."""

    def __init__(self) -> None:
        rclpy.init(domain_id=random.SystemRandom().randint(1, 100))
        self.node = Node("spun")
        self.executor: Executor = make_executor()
        self.executor.add_node(self.node)

    def until(self, condition: Callable[[], bool]) -> None:
        """Spin until `condition` holds."""
        end_s = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end_s, "timed out"
            self.executor.spin_once(timeout_sec=0.1)

    def rounds(self, seconds: float) -> None:
        """Spin for a while."""
        self.executor.spin_until_future_complete(Future(), seconds)

    def close(self) -> None:
        self.node.destroy_node()
        rclpy.try_shutdown()


@pytest.fixture
def spun() -> Iterator[Spun]:
    made = Spun()
    yield made
    made.close()


def test_messages_of_several_topics_come_in_the_order_of_sending(spun: Spun) -> None:
    heard: list[int] = []
    topics = [f"topic_{i}" for i in range(3)]
    writers = [spun.node.create_publisher(Int32, name, qos.STATE_OFFERED) for name in topics]
    for name in topics:
        spun.node.create_subscription(Int32, name, lambda m: heard.append(m.data), qos.STATE_LOCKSTEP)
    spun.rounds(0.05)  # what was there before the first spin is read topic by topic
    for number in range(12):
        writers[number * 2 % 3].publish(Int32(data=number))
    spun.until(lambda: len(heard) == 12)
    assert heard == list(range(12))


def test_a_full_queue_keeps_the_newest_and_wakes_for_nothing_more(spun: Spun) -> None:
    heard: list[int] = []
    writer = spun.node.create_publisher(Int32, "command", qos.COMMAND)
    spun.node.create_subscription(Int32, "command", lambda m: heard.append(m.data), qos.COMMAND)
    spun.rounds(0.05)
    for number in range(5):
        writer.publish(Int32(data=number))
    spun.rounds(0.2)
    assert heard == [4]


def test_steady_timers_fire_at_their_rate_and_stop_when_destroyed(spun: Spun) -> None:
    fired: list[float] = []
    timer = spun.node.create_timer(0.02, lambda: fired.append(time.monotonic()), clock=STEADY)
    spun.until(lambda: len(fired) == 10)
    assert fired[9] - fired[0] > 0.8 * 9 * 0.02
    spun.node.destroy_timer(timer)
    spun.rounds(0.1)
    assert len(fired) == 10


def test_services_and_parameters_answer(spun: Spun) -> None:
    def answer(_: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.message = "heard"
        return response

    spun.node.declare_parameter("gain", 3)
    spun.node.create_service(Trigger, "trigger", answer)
    trigger = spun.node.create_client(Trigger, "trigger")
    parameters = spun.node.create_client(GetParameters, "spun/get_parameters")
    spun.until(lambda: trigger.service_is_ready() and parameters.service_is_ready())
    asked = trigger.call_async(Trigger.Request())
    spun.until(asked.done)
    assert asked.result().message == "heard"
    read = parameters.call_async(GetParameters.Request(names=["gain"]))
    spun.until(read.done)
    assert read.result().values[0].integer_value == 3


def test_an_action_that_waits_for_a_future_costs_nothing_while_it_waits(spun: Spun) -> None:
    from echopilot_msgs.action import RunExam

    ended = Future()

    async def execute(handle: object) -> RunExam.Result:
        message = await ended
        handle.succeed()  # type: ignore[attr-defined]
        return RunExam.Result(success=True, message=message)

    server = ActionServer(spun.node, RunExam, "exam/run", execute)
    client = ActionClient(spun.node, RunExam, "exam/run")
    spun.until(client.server_is_ready)
    told: list[object] = []
    sent = client.send_goal_async(RunExam.Goal(), told.append)
    spun.until(sent.done)
    result = sent.result().get_result_async()
    before_s = time.thread_time()
    spun.rounds(0.5)
    assert time.thread_time() - before_s < 0.1 and not result.done()
    ended.set_result("over")
    spun.until(result.done)
    assert result.result().result.message == "over"
    client.destroy()
    server.destroy()


def test_what_is_made_and_destroyed_while_it_spins_is_noticed(spun: Spun) -> None:
    heard: list[tuple[str, int]] = []
    writer = spun.node.create_publisher(Int32, "topic", qos.ANSWER_OFFERED)
    held: list[object] = []

    def replace(message: Int32) -> None:
        heard.append(("first", message.data))
        spun.node.destroy_subscription(held.pop())
        held.append(spun.node.create_subscription(Int32, "topic", second, qos.STATE_LOCKSTEP))

    def second(message: Int32) -> None:
        heard.append(("second", message.data))

    held.append(spun.node.create_subscription(Int32, "topic", replace, qos.STATE_LOCKSTEP))
    writer.publish(Int32(data=1))
    spun.until(lambda: heard == [("first", 1)])
    spun.until(lambda: writer.get_subscription_count() == 1)
    writer.publish(Int32(data=2))
    spun.until(lambda: len(heard) > 1)
    assert heard == [("first", 1), ("second", 2)]


@pytest.mark.parametrize("source", ["subscription", "timer"])
def test_an_exception_comes_out_of_the_spin(spun: Spun, source: str) -> None:
    def fail(_: object = None) -> None:
        raise ZeroDivisionError(source)

    if source == "timer":
        spun.node.create_timer(0.01, fail, clock=STEADY)
    else:
        writer = spun.node.create_publisher(Int32, "topic", qos.COMMAND)
        spun.node.create_subscription(Int32, "topic", fail, qos.COMMAND)
        writer.publish(Int32())
    with pytest.raises(ZeroDivisionError, match=source):
        spin(spun.executor, Future())


def test_a_flooded_topic_starves_nobody(spun: Spun) -> None:
    flood, fired, heard = [0], [0], [0]
    writer = spun.node.create_publisher(Int32, "flood", qos.STATE_RECORDED)
    other = spun.node.create_publisher(Int32, "other", qos.COMMAND)

    def again(message: Int32) -> None:  # each message makes the next one: the topic is never empty
        flood[0] += 1
        writer.publish(message)

    def tick() -> None:
        fired[0] += 1
        other.publish(Int32())

    def hear(_: Int32) -> None:
        heard[0] += 1

    spun.node.create_subscription(Int32, "flood", again, qos.STATE_RECORDED)
    spun.node.create_subscription(Int32, "other", hear, qos.COMMAND)
    spun.node.create_timer(0.02, tick, clock=STEADY)
    for _ in range(5):
        writer.publish(Int32())
    spun.until(lambda: fired[0] >= 10 and heard[0] >= 9)
    assert flood[0] > 20


def test_spin_ends_when_another_thread_shuts_the_context_down(spun: Spun) -> None:
    threading.Timer(0.1, rclpy.try_shutdown).start()
    began_s = time.monotonic()
    with contextlib.suppress(ExternalShutdownException):
        spin(spun.executor, Future())
    assert time.monotonic() - began_s < 5.0


def test_spin_ends_when_another_thread_asks_for_it_and_the_context_lives_on(spun: Spun) -> None:
    stop = Future()
    threading.Timer(0.1, lambda: stop.set_result(None)).start()
    began_s = time.monotonic()
    spin(spun.executor, stop)
    assert time.monotonic() - began_s < 5.0
    spun.node.create_publisher(Int32, "topic", qos.COMMAND).publish(Int32())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_node_process_ends_with_zero_on_a_signal(number: int) -> None:
    domain = str(random.SystemRandom().randint(1, 100))
    code = (
        "from rclpy.node import Node\nfrom std_msgs.msg import String\nfrom echopilot_nodes.graph.process import run\n"
        + (
            "class Said(Node):\n"
            "    def __init__(self):\n"
            "        super().__init__('said')\n"
            "        self.words = self.create_publisher(String, 'words', 1)\n"
            "        self.create_timer(0.001, self.say)\n"
            "    def say(self):\n"
            "        print('spins', flush=True)\n"
            "        self.words.publish(String())\n"
            "run(Said)\n"
        )
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env=dict(os.environ, ROS_DOMAIN_ID=domain),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None and process.stdout.readline() == b"spins\n"
        process.send_signal(number)
        _, complaints = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, complaints) == (0, b"")
    finally:
        process.kill()
        process.communicate()

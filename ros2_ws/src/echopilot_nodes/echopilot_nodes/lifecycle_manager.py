"""Node `lifecycle_manager`: configures and activates the lifecycle nodes in order and keeps them active."""

from dataclasses import dataclass

from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.client import Client
from rclpy.executors import Executor
from rclpy.node import Node
from rclpy.task import Future
from std_msgs.msg import Bool

from echopilot_core import EchoPilotError, SteadyClock, to_ns
from echopilot_nodes.bonds import ROBOT, Bond, Peers
from echopilot_nodes.diagnostics.health import Health, Severity
from echopilot_nodes.diagnostics.publisher import Diagnostics
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.clock import wall_clock
from echopilot_nodes.graph.params import ManagerParams, read_params
from echopilot_nodes.graph.process import StopSignal, run

BEAT_S = 0.5
WATCH_S = 0.1
WATCHED = (ROBOT, "safety", "controller", "perception", "exam", "recorder", "report", "page", "standard_topics")
STATE_TIMEOUT_S = 2.0
FAREWELL_S = 2.0
RETRY_S = 2.0

TRANSITION_FROM = {
    State.PRIMARY_STATE_UNCONFIGURED: Transition.TRANSITION_CONFIGURE,
    State.PRIMARY_STATE_INACTIVE: Transition.TRANSITION_ACTIVATE,
}


STATES = {
    State.PRIMARY_STATE_UNCONFIGURED: "unconfigured",
    State.PRIMARY_STATE_INACTIVE: "inactive",
    State.PRIMARY_STATE_ACTIVE: "active",
    State.PRIMARY_STATE_FINALIZED: "finalized",
}


@dataclass
class Managed:
    """One lifecycle node and the call to it that is under way."""

    name: str
    get_state: Client
    change_state: Client
    state: int = State.PRIMARY_STATE_UNKNOWN
    was_active: bool = False  # since its process started
    held: bool = False  # deactivated by somebody else
    future: Future | None = None
    deadline_ns: int = 0
    not_before_ns: int = 0


class LifecycleManager(Node):
    """Every half second each node is asked for its state and moved one step, in order: a node is touched only
    while all before it are active. A node that restarts begins unconfigured and is brought back the same way; one that
    somebody else deactivates stays so.
    """

    def __init__(self) -> None:
        super().__init__("lifecycle_manager")
        self._params = read_params(self, ManagerParams)
        self._bond = Bond(self.get_namespace(), self.get_name())
        self._peers = Peers(self.get_namespace(), WATCHED, self.get_logger().error)
        self._lost: tuple[str, ...] = ()
        nodes = self._params.nodes.split()
        if not nodes:
            raise EchoPilotError("parameter nodes is empty; give names such as 'perception controller exam'")
        self._time = SteadyClock()
        self._managed = [
            Managed(
                name,
                self.create_client(GetState, f"{name}/get_state"),
                self.create_client(ChangeState, f"{name}/change_state"),
            )
            for name in nodes
        ]
        self._active: bool | None = None
        self._leaving = False
        self._diagnostics = Diagnostics(self, self._health)
        self._publisher = self.create_publisher(Bool, topics.LIFECYCLE_ACTIVE, qos.LATCHED)
        self._publish(False)
        self._beat_timer = self.create_timer(BEAT_S, self._beat)
        self._watch_timer = self.create_timer(WATCH_S, self._watch, clock=wall_clock())

    def _watch(self) -> None:
        """Say who has ended, and who is back."""
        self._peers.poll()
        lost = self._peers.lost()
        for role in lost:
            if role not in self._lost:
                self.get_logger().warning(f"{role} has ended")
        for role in self._lost:
            if role not in lost:
                self.get_logger().info(f"{role} is back")
        self._lost = lost

    def _health(self) -> Health:
        states: dict[str, object] = {managed.name: STATES.get(managed.state, "unknown") for managed in self._managed}
        if self._lost:
            return Health(f"ended: {', '.join(self._lost)}", Severity.ERROR, states)
        if self._active:
            return Health("graph active", Severity.OK, states)
        return Health("graph not active", Severity.WARN, states)

    def close(self) -> None:
        """Say goodbye."""
        self._peers.close()
        self._bond.close()

    def _publish(self, active: bool) -> None:
        if active == self._active:
            return
        if active:
            self.get_logger().info("graph active: " + ", ".join(m.name for m in self._managed))
        elif self._active:
            self.get_logger().warning("graph no longer active")
        self._active = active
        self._publisher.publish(Bool(data=active))

    def _beat(self) -> None:
        for managed in self._managed:
            self._request_state(managed)
        self._publish(all(m.state == State.PRIMARY_STATE_ACTIVE for m in self._managed))

    def _request_state(self, managed: Managed) -> None:
        if managed.future is not None:
            if self._time.now_ns() < managed.deadline_ns:
                return
            managed.future.cancel()
            managed.future = None
            managed.state = State.PRIMARY_STATE_UNKNOWN
        if not managed.get_state.service_is_ready():
            managed.state = State.PRIMARY_STATE_UNKNOWN
            managed.was_active = managed.held = False
            return
        self._call(managed, managed.get_state, GetState.Request(), STATE_TIMEOUT_S, self._on_state)

    def _call(self, managed: Managed, client: Client, request: object, timeout_s: float, then: object) -> None:
        future = client.call_async(request)
        managed.future = future
        managed.deadline_ns = self._time.now_ns() + to_ns(timeout_s)
        future.add_done_callback(lambda f: then(managed, f) if managed.future is f else None)  # type: ignore[operator]

    def _on_state(self, managed: Managed, future: Future) -> None:
        managed.future = None
        response = future.result()
        if response is None:
            return
        managed.state = response.current_state.id
        if managed.state == State.PRIMARY_STATE_ACTIVE:
            managed.was_active, managed.held = True, False
        elif managed.state != State.PRIMARY_STATE_INACTIVE:
            managed.was_active = managed.held = False
        elif managed.was_active and not managed.held:
            managed.held = True
            self.get_logger().warning(f"{managed.name} was deactivated by somebody else: it stays so until activated")
        self._advance()

    def _advance(self) -> None:
        """Move the first node that is not active one step on."""
        if self._leaving:
            return
        for managed in self._managed:
            if managed.state == State.PRIMARY_STATE_ACTIVE or managed.held:
                continue
            transition = TRANSITION_FROM.get(managed.state)
            free = managed.future is None and self._time.now_ns() >= managed.not_before_ns
            if transition is not None and free and managed.change_state.service_is_ready():
                request = ChangeState.Request(transition=Transition(id=transition))
                self._call(managed, managed.change_state, request, self._params.call_timeout_s, self._on_changed)
            return

    def _on_changed(self, managed: Managed, future: Future) -> None:
        managed.future = None
        response = future.result()
        if response is not None and not response.success:
            self.get_logger().error(f"{managed.name} refused its transition; trying again", throttle_duration_sec=10.0)
            managed.not_before_ns = self._time.now_ns() + to_ns(RETRY_S)
            return
        self._request_state(managed)

    def run(self, executor: Executor) -> None:
        """Spin until a signal comes, then deactivate in reverse order, waiting a little for each answer."""
        stop = StopSignal()
        while not stop.received:
            executor.spin_once(timeout_sec=BEAT_S)
        self._beat_timer.cancel()
        self._leaving = True
        for managed in reversed(self._managed):
            if managed.state == State.PRIMARY_STATE_ACTIVE and managed.change_state.service_is_ready():
                request = ChangeState.Request(transition=Transition(id=Transition.TRANSITION_DEACTIVATE))
                executor.spin_until_future_complete(managed.change_state.call_async(request), timeout_sec=FAREWELL_S)


def main() -> None:
    """Run the node until a signal comes, then deactivate what it manages."""
    run(LifecycleManager, own_signals=True)


if __name__ == "__main__":
    main()

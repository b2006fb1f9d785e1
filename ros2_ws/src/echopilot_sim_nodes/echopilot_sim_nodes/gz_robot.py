"""Node `gz_robot`: the simulator with Gazebo under it, between ros_gz_bridge and the rest of the graph."""

from echopilot_msgs.srv import SetPatient

from echopilot_gz.simulation import GazeboSimulation
from echopilot_nodes.graph.params import read_params
from echopilot_nodes.graph.process import run
from echopilot_sim.simulation import Simulation
from echopilot_sim_nodes.gz_engine import GzEngine
from echopilot_sim_nodes.params import GzRobotParams
from echopilot_sim_nodes.simulator import Simulator


class GzRobot(Simulator):
    """Passes Gazebo's joints, wrench and time as the robot state, and renders images from the pose of the probe.

    It steps the paused world by control ticks and publishes /clock with each, so that clock and state come in order.
    The patient is that of the world file, by name or seed.
    """

    def __init__(self) -> None:
        super().__init__("gz_robot")

    def _beginning(self, warm_up: Simulation) -> Simulation:
        params = read_params(self, GzRobotParams)
        engine = GzEngine(self, params.world, warm_up.joint_state.names)
        return GazeboSimulation(warm_up.anatomy, warm_up.config, engine)

    def _on_patient(self, request: SetPatient.Request, response: SetPatient.Response) -> SetPatient.Response:
        response.message = "the patient is that of Gazebo's world; start it with another"
        return response


def main() -> None:
    """Run the node until a signal comes."""
    run(GzRobot)


if __name__ == "__main__":
    main()

"""The one interface between a scenario and a controller, ours or foreign."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from echopilot_control.controller import ControlInputs, ControlOutput
from echopilot_control.safety import Limits
from echopilot_core import EchoPilotError

OURS = "echopilot_control.controller:Controller"


class ProbeController(Protocol):
    """What a scenario drives at 100 Hz: robot state, newest picture result, body and goal in, command and status out.

    The safety check stands behind it as in the product, so a wild command is clipped or latched, never obeyed.
    """

    def step(self, inputs: ControlInputs) -> ControlOutput:
        """One control tick; called once every 10 ms of simulated time."""
        ...


ControllerFactory = Callable[[Limits], ProbeController]


def load_controller(name: str = OURS) -> ControllerFactory:
    """The factory that `module:factory` names; modules in the working directory count.

    Raises EchoPilotError when there is no such module or factory.
    """
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise EchoPilotError(f"controller '{name}' is not understood; write module:factory, for example {OURS}")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise EchoPilotError(f"controller module '{module_name}' cannot be imported: {error}") from error
    factory = getattr(module, attribute, None)
    if not callable(factory):
        known = ", ".join(key for key, value in vars(module).items() if callable(value) and not key.startswith("_"))
        raise EchoPilotError(f"module '{module_name}' has no factory '{attribute}'; it has {known or 'none'}")
    chosen: ControllerFactory = factory
    return chosen

"""Loading of the controller under test, the shipped one or one of the user's."""

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from echopilot_control.loop import ProbeController
from echopilot_control.safety import Limits
from echopilot_core import EchoPilotError

OURS = "echopilot_control.controller:Controller"


ControllerFactory = Callable[[Limits], ProbeController]


def load_controller(name: str = OURS) -> ControllerFactory:
    """The factory that `module:factory` names; a module file below the working directory comes first.

    What such a module imports besides must be installed or on PYTHONPATH.

    Raises EchoPilotError when there is no such module or factory.
    """
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise EchoPilotError(f"controller '{name}' is not understood; write module:factory, for example {OURS}")
    try:
        module = _from_working_directory(module_name) or import_module(module_name)
    except ImportError as error:
        raise EchoPilotError(f"controller module '{module_name}' cannot be imported: {error}") from error
    factory = getattr(module, attribute, None)
    if not callable(factory):
        known = ", ".join(key for key, value in vars(module).items() if callable(value) and not key.startswith("_"))
        raise EchoPilotError(f"module '{module_name}' has no factory '{attribute}'; it has {known or 'none'}")
    chosen: ControllerFactory = factory
    return chosen


def _from_working_directory(name: str) -> ModuleType | None:
    """The module from its file below the working directory; None where there is no such file."""
    path = Path.cwd().joinpath(*name.split(".")).with_suffix(".py")
    spec = spec_from_file_location(name, path) if path.is_file() else None
    if spec is None or spec.loader is None:
        return None
    module = sys.modules[name] = module_from_spec(spec)  # registered first, as pickle and dataclasses need it
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module

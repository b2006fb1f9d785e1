"""The tool on a wrist force sensor as a calibration file: weight, center of mass and bias."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from echopilot_control.calibration.record import CalibrationRecord, make_record, read_record
from echopilot_control.force.tare import Tool
from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line

KIND, FILE = "tool", "tool.json"
MAX_AGE = timedelta(days=365)
HEAVIEST_KG, FARTHEST_M, LARGEST_BIAS = 10.0, 1.0, 500.0


def tool_record(tool: Tool, now: datetime, inputs: list[Path]) -> CalibrationRecord:
    """A record dated `now` of what was found from the files `inputs`."""
    values = {"mass_kg": tool.mass_kg, "com_m": tool.com_m.tolist(), "bias": tool.bias.tolist()}
    return make_record(KIND, now, inputs, values, {"force_n": tool.residual[0], "torque_n_m": tool.residual[1]})


def read_tool(folder: Path, now: datetime) -> Tool:
    """The tool of `tool.json` in a folder; EchoPilotError, in one line, for a file that is none or too old."""
    record = read_record(folder / FILE, KIND, now, MAX_AGE)
    try:
        mass_kg = float(record.values["mass_kg"])
        com_m = np.array(record.values["com_m"], dtype=np.float64)
        bias = np.array(record.values["bias"], dtype=np.float64)
        residual = np.array([record.residuals["force_n"], record.residuals["torque_n_m"]], dtype=np.float64)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise EchoPilotError(f"{FILE}: no tool in it ({one_line(error, 60)})") from error
    whole = com_m.shape == (3,) and bias.shape == (6,) and residual.shape == (2,)
    if not whole or not (
        0.0 <= mass_kg <= HEAVIEST_KG and (np.abs(com_m) <= FARTHEST_M).all() and (np.abs(bias) <= LARGEST_BIAS).all()
    ):
        raise EchoPilotError(
            f"{FILE}: valid are mass_kg of 0 to {HEAVIEST_KG:g}, com_m of three numbers up to {FARTHEST_M:g} and bias "
            f"of six up to {LARGEST_BIAS:g}"
        )
    return Tool(mass_kg, com_m, bias, residual)

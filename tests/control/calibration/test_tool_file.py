"""The tool's calibration file gives back what was written, and refuses what is no tool."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from echopilot_control.calibration.record import write_record
from echopilot_control.calibration.tool import FILE, MAX_AGE, read_tool, tool_record
from echopilot_control.force.tare import Tool
from echopilot_core import EchoPilotError

NOW = datetime(2026, 12, 1, tzinfo=timezone.utc)
TOOL = Tool(0.45, np.array([0.0, 0.01, -0.08]), np.arange(6.0), np.array([0.05, 0.002]))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_record(tool_record(TOOL, NOW, []), tmp_path / FILE)
    read = read_tool(tmp_path, NOW + timedelta(days=1))
    assert read.mass_kg == TOOL.mass_kg
    for name in ("com_m", "bias", "residual"):
        assert getattr(read, name).tolist() == getattr(TOOL, name).tolist()


def test_a_file_that_is_old_or_holds_no_tool_is_refused_in_one_line(tmp_path: Path) -> None:
    record = tool_record(TOOL, NOW, [])
    write_record(record, tmp_path / FILE)
    with pytest.raises(EchoPilotError, match="days old"):
        read_tool(tmp_path, NOW + MAX_AGE + timedelta(days=1))
    for values, said in (({"mass_kg": 1.0}, "no tool in it"), (dict(record.values) | {"mass_kg": 40.0}, "valid are")):
        write_record(replace(record, values=values), tmp_path / FILE)
        with pytest.raises(EchoPilotError, match=said):
            read_tool(tmp_path, NOW)

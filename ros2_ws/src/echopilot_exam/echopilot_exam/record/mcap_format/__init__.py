"""The MCAP file format, read past damage: single records, damaged spans, the sequence of a whole file."""

from echopilot_exam.record.mcap_format.blocks import McapBlocks
from echopilot_exam.record.mcap_format.damage import Damage

__all__ = ["Damage", "McapBlocks"]

"""Images with masks from disk as samples: the layouts of CAMUS, EchoNet-Dynamic and usgra-seg.

Each reader is a generator that holds one file at a time. What a data set does not hold is marked as unknown, so that
it teaches nothing.
"""

from echopilot_perception.training.readers.camus import CamusInfo, read_camus, read_camus_info
from echopilot_perception.training.readers.echonet import read_echonet
from echopilot_perception.training.readers.usgra import read_usgra

__all__ = ["CamusInfo", "read_camus", "read_camus_info", "read_echonet", "read_usgra"]

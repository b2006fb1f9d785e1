"""EchoCare's encoder through MONAI, with a decoder and our heads on top. Importing this package needs neither of them.

EchoCare: CAIR, HKISI-CAS, arXiv 2509.11752. Its weights carry no license: they come from a user's file, never from us.
"""

from echopilot_perception.model.echocare.encoder import ECHOCARE, REFERENCE_CELLS, EncoderShape
from echopilot_perception.model.echocare.libraries import require_libraries

__all__ = ["ECHOCARE", "REFERENCE_CELLS", "EncoderShape", "require_libraries"]

"""Size of the encoder: EchoCare's own, and smaller ones of the same build."""

from dataclasses import dataclass

REFERENCE_CELLS = 256
"""Side of the picture that EchoCare's authors run the encoder on."""
WINDOW_CELLS = 8
PATCH_CELLS = 2
COLOURS = 3


@dataclass(frozen=True)
class EncoderShape:
    """Channels after the patch embedding, and blocks and attention heads of the four stages.

    Map k of the encoder has `channels` * 2**k channels and 1 / 2**(k+1) of the picture's side.
    """

    channels: int = 128
    depths: tuple[int, int, int, int] = (2, 2, 18, 2)
    heads: tuple[int, int, int, int] = (4, 8, 16, 32)

    def map_channels(self, level: int) -> int:
        """Channels of map `level` (0..4)."""
        return self.channels << level


ECHOCARE = EncoderShape()

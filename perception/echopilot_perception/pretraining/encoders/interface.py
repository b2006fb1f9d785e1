"""Interface of an encoder that can be pre-trained."""

from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from echopilot_core import EchoPilotError
from echopilot_perception.pretraining.encoders.choice import MASK_TOKEN


@dataclass(frozen=True)
class Encoded:
    """`dense` (N, C, S / 4, S / 4) for what has a place, `features` (N, F) of the whole image."""

    dense: Tensor
    features: Tensor


class PretrainEncoder(nn.Module):
    """Encoder of gray images with a learned token in place of what is masked.

    `dense_channels` and `feature_count` are C and F of what it gives. The side of its images is a multiple of
    `EncoderChoice.side_multiple`.
    """

    dense_channels: int
    feature_count: int

    @abstractmethod
    def encode(self, image: Tensor, hidden: Tensor | None = None) -> Encoded:
        """Encode images.

        Args:
            image: (N, 1, S, S) in 0..1.
            hidden: (N, S / 2, S / 2) bool, cells of which nothing may be seen; None: the whole image is seen.
        """

    def adapt(self, rank: int) -> None:
        """Keep the weights and learn low-rank updates of this rank; EchoPilotError where that is not possible."""
        raise EchoPilotError(f"pre-training: low-rank updates (rank {rank}) are for the encoder swin alone")

    @abstractmethod
    def weights(self) -> dict[str, Tensor]:
        """Weights under the names that the encoder has elsewhere, and the token as `mask_token`."""

    @abstractmethod
    def load_weights(self, weights: dict[str, Tensor], where: str) -> None:
        """Load what `weights` gave, with or without a token; raises EchoPilotError, and changes nothing, otherwise."""


def checked_weights(own: dict[str, Tensor], given: dict[str, Tensor], where: str) -> dict[str, Tensor]:
    """What `given` holds besides the token; raises EchoPilotError unless names and shapes are those of `own`."""
    rest = {name: value for name, value in given.items() if name != MASK_TOKEN}
    wrong = sorted(
        n for n in own.keys() | rest.keys() if n not in own or n not in rest or own[n].shape != rest[n].shape
    )
    if wrong:
        raise EchoPilotError(
            f"{where} does not fit this encoder: {len(wrong)} of {len(own)} tensors differ, first {wrong[0]}; "
            "nothing was loaded"
        )
    if any(value.is_floating_point() and not bool(torch.isfinite(value).all()) for value in given.values()):
        raise EchoPilotError(f"{where} holds weights that are not finite; nothing was loaded")
    return rest

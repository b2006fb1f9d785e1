"""Training of the edge network on any iterable of samples; `training.loop.train` does it and needs torch."""

from echopilot_perception.training.config import DEFAULT_SPEC, GUIDANCE_SCALE, TrainConfig
from echopilot_perception.training.samples import Sample, Samples, join, stack

__all__ = ["DEFAULT_SPEC", "GUIDANCE_SCALE", "Sample", "Samples", "TrainConfig", "join", "stack"]

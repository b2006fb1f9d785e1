"""Settings of a step: progressive training from small, easy images to large, hard ones.

EchoCare's authors name progressive training without saying what progresses. Here: the size of the images (as Tan & Le
2021, arXiv 2104.00298), the share of the image that is masked, the share of hard patches among it, and the losses that
join.
"""

from dataclasses import dataclass

from echopilot_perception.pretraining.recipe.recipe import PretrainRecipe, Span


@dataclass(frozen=True)
class StepSetting:
    """Size of the images, ratio of masked patches, share of hard ones among them, and weights of the losses."""

    stage: int
    size: int
    ratio: float
    hard_share: float
    reconstruction: float
    tree: float
    contrast: float


def setting_at(recipe: PretrainRecipe, step: int, steps_per_epoch: int) -> StepSetting:
    """Setting of a step of a run, counted from 0; after the last one the last setting holds."""
    first = 0
    for number, stage in enumerate(recipe.stages):
        steps = stage.epochs * steps_per_epoch
        if step < first + steps or number + 1 == len(recipe.stages):
            done = min((step - first) / max(steps - 1, 1), 1.0)
            return StepSetting(
                number,
                stage.size,
                _between(stage.ratio, done),
                _between(stage.hard_share, done),
                _between(stage.reconstruction, done),
                _between(stage.tree, done),
                _between(stage.contrast, done),
            )
        first += steps
    raise AssertionError("a recipe has a stage")


def _between(span: Span, done: float) -> float:
    return span[0] + (span[1] - span[0]) * done

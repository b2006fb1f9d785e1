"""Pre-training after EchoCare: masked images, a tree of labels, structured contrast, hard patches, growing difficulty.

What EchoCare's authors published are names (arXiv 2509.11752); each part here is the published method that the name
most likely means, cited where it is. Importing the package does not need torch.
"""

from typing import TYPE_CHECKING

from echopilot_core.lazy import names_on_first_use

if TYPE_CHECKING:
    from echopilot_perception.pretraining.recipe.recipe import PretrainRecipe, read_recipe
    from echopilot_perception.pretraining.tree.label_tree import LabelTree, read_tree
    from echopilot_perception.pretraining.tree.targets import ImageLabel

__all__ = ["ImageLabel", "LabelTree", "PretrainRecipe", "read_recipe", "read_tree"]

__getattr__ = names_on_first_use(
    __name__,
    {
        "recipe.recipe": ("PretrainRecipe", "read_recipe"),
        "tree.label_tree": ("LabelTree", "read_tree"),
        "tree.targets": ("ImageLabel",),
    },
)

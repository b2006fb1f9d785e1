"""The encoder with its heads: views of images and masks in, losses out."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from echopilot_perception.pretraining.encoders.interface import PretrainEncoder
from echopilot_perception.pretraining.losses.hierarchical import NodeTable, consistency, level_entropy
from echopilot_perception.pretraining.losses.latent import latent_loss, wholly_masked
from echopilot_perception.pretraining.losses.masked import CellLoss, masked_l1
from echopilot_perception.pretraining.losses.patch_rank import patch_rank_loss
from echopilot_perception.pretraining.losses.structured import pair_relations, structured_contrast
from echopilot_perception.pretraining.masking.patches import PatchMap, enlarged, hidden_cells
from echopilot_perception.pretraining.recipe.recipe import PretrainRecipe
from echopilot_perception.pretraining.recipe.schedule import StepSetting
from echopilot_perception.pretraining.tree.label_tree import LabelTree

PROJECTED = 64  # features of the contrast
RANKER = 64  # channels of the head that says which patches are hard
RECONSTRUCTED = 4  # cells of the image per cell of the dense map


@dataclass(frozen=True)
class MaskedBatch:
    """What one part of a step works on.

    `view` (N, 1, S, S) is masked, `other` another view of the same images where the contrast needs one; `inside`
    (N, S / 2, S / 2) are the cells of the sector, `masked` (N, P) the hidden patches; `teacher` is the dense map that
    the teacher gives of the whole view, where it is the target.
    """

    view: Tensor
    other: Tensor | None
    inside: Tensor
    patches: PatchMap
    masked: Tensor
    targets: Tensor  # (N, V) int8
    teacher: Tensor | None


class RankedEncoder(nn.Module):
    """Encoder with the head that says which patches are hard: what the teacher is a copy of."""

    def __init__(self, encoder: PretrainEncoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.ranker = nn.Sequential(
            nn.BatchNorm2d(encoder.dense_channels, affine=False),
            nn.Conv2d(encoder.dense_channels, RANKER, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(RANKER, 1, 1),
        )

    def scores(self, dense: Tensor, patches: PatchMap) -> Tensor:
        """Difficulty (N, P) of every patch: the mean of the head's map over it."""
        score = functional.interpolate(self.ranker(dense), patches.patch.shape[-2:], mode="nearest")[:, 0].flatten(1)
        cell, count = patches.patch.clamp(min=0).flatten(1), patches.valid.shape[1]
        here = (patches.patch >= 0).flatten(1).float()
        sums, cells = (
            score.new_zeros(len(score), count, dtype=torch.float32).scatter_add(1, cell, values)
            for values in (score.float() * here, here)
        )
        return sums / cells.clamp(min=1.0)


class Pretrainer(nn.Module):
    """All that is trained. The forward pass gives the losses by name, each times its weight at the step."""

    def __init__(self, encoder: PretrainEncoder, tree: LabelTree, recipe: PretrainRecipe) -> None:
        super().__init__()
        self.recipe = recipe
        self.ranked = RankedEncoder(encoder)
        dense, features = encoder.dense_channels, encoder.feature_count
        if recipe.target == "pixel":
            self.decoder: nn.Module = nn.Sequential(
                nn.Conv2d(dense, RECONSTRUCTED**2, 1), nn.PixelShuffle(RECONSTRUCTED)
            )
        else:
            self.decoder = nn.Sequential(nn.Conv2d(dense, dense, 1), nn.GELU(), nn.Conv2d(dense, dense, 1))
        self.classifier = nn.Linear(features, len(tree))
        self.projector = nn.Sequential(
            nn.Linear(features, features), nn.ReLU(inplace=True), nn.Linear(features, PROJECTED)
        )
        self.register_buffer("levels", torch.from_numpy(tree.levels), persistent=False)
        self.register_buffer("parents", torch.from_numpy(tree.parents), persistent=False)

    @property
    def encoder(self) -> PretrainEncoder:
        """The encoder itself."""
        return self.ranked.encoder

    def forward(self, batch: MaskedBatch, setting: StepSetting) -> dict[str, Tensor]:
        """Losses by name; their sum reaches every trained parameter in every stage, if only with a gradient of zero."""
        encoded = self.encoder.encode(batch.view, hidden_cells(batch.patches, batch.masked))
        losses = {}
        target = self._target_loss(encoded.dense, batch)
        losses["reconstruction"] = setting.reconstruction * target.mean
        if self.recipe.rank > 0.0:
            score = self.ranked.scores(encoded.dense.detach(), batch.patches)
            losses["rank"] = self.recipe.rank * patch_rank_loss(score, target.patches, batch.masked)
        seen = [encoded.features]
        if batch.other is not None:
            seen.append(self.encoder.encode(batch.other).features)
        if setting.tree > 0.0:
            losses["tree"] = setting.tree * self._tree_loss(torch.cat(seen), batch.targets.repeat(len(seen), 1))
        if setting.contrast > 0.0 and len(seen) == 2:
            losses["contrast"] = setting.contrast * self._contrast(torch.cat(seen), batch.targets)
        losses["reconstruction"] = losses["reconstruction"] + 0.0 * sum(
            p.sum() for p in self.parameters() if p.requires_grad
        )
        return losses

    def _target_loss(self, dense: Tensor, batch: MaskedBatch) -> CellLoss:
        output = self.decoder(dense)
        patch = batch.patches.patch
        if self.recipe.target == "pixel":
            inside = enlarged(batch.inside)
            return masked_l1(output, batch.view, enlarged(patch), batch.masked, inside, self.recipe.normalized)
        assert batch.teacher is not None
        cells = output.shape[-1]
        where = wholly_masked(hidden_cells(batch.patches, batch.masked), cells)
        step = patch.shape[-1] // cells
        return latent_loss(output, batch.teacher, where, patch[:, ::step, ::step], batch.masked.shape[1])

    def _tree_loss(self, features: Tensor, targets: Tensor) -> Tensor:
        table = NodeTable(self.levels, self.parents)
        logits = self.classifier(features)
        return level_entropy(logits, targets, table) + self.recipe.consistency * consistency(logits, targets, table)

    def _contrast(self, features: Tensor, targets: Tensor) -> Tensor:
        count = len(targets)
        image = torch.arange(count, device=targets.device).repeat(2)
        relations = pair_relations(targets.repeat(2, 1), self.levels, image)
        projected = functional.normalize(self.projector(features).float(), dim=1)
        return structured_contrast(projected, relations, self.recipe.temperature, self.recipe.growth)

"""One linear layer on an encoder that stays as it is, or all of it trained; the same steps at every share of labels."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from echopilot_core import Array, EchoPilotError
from echopilot_perception.pretraining.encoders.interface import PretrainEncoder
from echopilot_perception.tasks.applications import DENSE, RETRIEVAL, TaskApplication
from echopilot_perception.tasks.encoded import BATCH, EncodedImages, as_input, encode_images, summary
from echopilot_perception.tasks.layers import TaskLayer
from echopilot_perception.tasks.marks import retrieval_marks
from echopilot_perception.tasks.task_set import Rows, TaskSet
from echopilot_perception.training.config import share

ENCODER_RATE, LAYER_RATE, PROBE_RATE = 1e-3, 3e-3, 1e-2
WEIGHT_DECAY = 0.05
MAX_GRADIENT = 5.0
CPU = torch.device("cpu")


@dataclass(frozen=True)
class LearnPlan:
    """Steps of a fine-tuning and of a probe, images of a step, and where it runs."""

    steps: int = 120
    probe_steps: int = 300
    batch: int = 16
    device: torch.device = CPU


@dataclass(frozen=True)
class EncodedSet:
    """A set of images with what an encoder makes of them."""

    data: TaskSet
    encoded: EncodedImages


def measure(
    encoder: PretrainEncoder,
    learn: EncodedSet,
    judge: Mapping[str, EncodedSet],
    application: TaskApplication,
    learned_from: Rows,
    seed: int,
    plan: LearnPlan,
) -> dict[str, Array]:
    """Marks (N, M) of the held-out images of an application, in their order, for each set to judge by.

    Args:
        encoder: in evaluation mode; it is not changed.
        learn: the images to learn from.
        judge: by name, the same images as they are or perturbed.
        application: how it is learned and marked.
        learned_from: rows of the labeled images.
        seed: of the layer and the order of images.
        plan: how long.

    Raises:
        EchoPilotError: the loss is not finite.
    """
    if application.kind == RETRIEVAL:
        return {name: _retrieved(one, application) for name, one in judge.items()}
    layer = _layer(learn, application, learned_from, seed).to(plan.device)
    if application.finetuned:
        network = _finetuned(encoder, layer, learn.data, learned_from, seed, plan)
        return {name: _marks(layer, one.data, network, None, plan) for name, one in judge.items()}
    _probe(learn, layer, learned_from, seed, plan)
    return {name: _marks(layer, one.data, None, one.encoded, plan) for name, one in judge.items()}


def _retrieved(judge: EncodedSet, application: TaskApplication) -> Array:
    data, rows = judge.data, judge.data.rows(application, held_out=True)
    features = judge.encoded.features[torch.from_numpy(rows)].double().numpy()
    features = (features - features.mean(axis=0)) / np.maximum(features.std(axis=0), 1e-6)
    return retrieval_marks(features, data.targets[application.target][rows], data.patients[rows])


def _marks(
    layer: TaskLayer, data: TaskSet, network: PretrainEncoder | None, encoded: EncodedImages | None, plan: LearnPlan
) -> Array:
    """Marks of a trained layer, on what is encoded already, or on a network of its own."""
    rows, found = data.rows(layer.application, held_out=True), []
    for index in np.array_split(rows, max(len(rows) // BATCH, 1)):
        part, at = encoded, torch.from_numpy(index)
        if network is not None:
            part, at = encode_images(network, data.images[index], plan.device), torch.arange(len(index))
        assert part is not None
        with torch.no_grad():
            output = layer((part.dense if layer.is_dense else part.features)[at].to(plan.device).float())
        found.append(layer.marks(output, _array(data, layer.application, index)))
    return np.concatenate(found)


def _layer(learn: EncodedSet, application: TaskApplication, rows: Rows, seed: int) -> TaskLayer:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        at = torch.from_numpy(rows)
        inputs = learn.encoded.dense if application.kind in DENSE else learn.encoded.features
        return TaskLayer(application, inputs[at], _target(learn.data, application, rows))


def _probe(learn: EncodedSet, layer: TaskLayer, rows: Rows, seed: int, plan: LearnPlan) -> None:
    """Train the layer alone."""
    data, inputs = learn.data, learn.encoded.dense if layer.is_dense else learn.encoded.features
    optimizer = torch.optim.AdamW(layer.layer.parameters(), lr=PROBE_RATE, weight_decay=WEIGHT_DECAY)
    for step, index in enumerate(_batches(rows, plan.probe_steps, plan.batch if layer.is_dense else BATCH * 4, seed)):
        given = inputs[torch.from_numpy(index)].to(plan.device).float()
        _update(optimizer, layer, layer(given), _target(data, layer.application, index), step, plan.probe_steps)


def _finetuned(
    encoder: PretrainEncoder, layer: TaskLayer, data: TaskSet, rows: Rows, seed: int, plan: LearnPlan
) -> PretrainEncoder:
    """Train the layer with a copy of the encoder, which is given back."""
    network: PretrainEncoder = copy.deepcopy(encoder)
    network.to(plan.device).train()
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in network.parameters() if p.requires_grad], "lr_base": ENCODER_RATE},
            {"params": list(layer.layer.parameters()), "lr_base": LAYER_RATE},
        ],
        weight_decay=WEIGHT_DECAY,
    )
    torch.manual_seed(seed)  # dropout
    for step, index in enumerate(_batches(rows, plan.steps, plan.batch, seed)):
        features, dense = summary(network, as_input(data.images[index], plan.device))
        output = layer(dense if layer.is_dense else features)
        _update(optimizer, layer, output, _target(data, layer.application, index), step, plan.steps)
    network.eval()
    return network


def _update(
    optimizer: torch.optim.Optimizer, layer: TaskLayer, output: Tensor, target: Tensor, step: int, steps: int
) -> None:
    loss = layer.loss(output, target.to(output.device))
    if not bool(torch.isfinite(loss)):
        raise EchoPilotError(f"task {layer.application.name}: the loss is not finite at step {step}")
    for group in optimizer.param_groups:
        group["lr"] = group.get("lr_base", PROBE_RATE) * share("cosine", step, min(10, steps // 4 + 1), steps)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], MAX_GRADIENT)
    optimizer.step()


def _batches(rows: Rows, steps: int, size: int, seed: int) -> list[Rows]:
    """Rows of so many steps: orders of all of them one after the other, cut into batches."""
    rng, size = np.random.default_rng((seed, 0xBA)), min(size, len(rows))
    orders = [rng.permutation(rows) for _ in range(-(-steps * size // len(rows)))]
    return list(np.concatenate(orders)[: steps * size].reshape(steps, size))


def _array(data: TaskSet, application: TaskApplication, rows: Rows) -> NDArray[np.generic]:
    return np.asarray(data.targets[application.target][rows])


def _target(data: TaskSet, application: TaskApplication, rows: Rows) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(_array(data, application, rows)))

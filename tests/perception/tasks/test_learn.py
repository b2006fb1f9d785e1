"""Layers learn what is there to learn, the encoder of a probe stays as it is, and results repeat."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="the training extra is not installed")

import torch
from torch import Tensor, nn

from echopilot_core import EchoPilotError
from echopilot_perception.pretraining.encoders.build import build_pretrain_encoder
from echopilot_perception.pretraining.encoders.choice import EncoderChoice
from echopilot_perception.pretraining.encoders.interface import Encoded, PretrainEncoder
from echopilot_perception.pretraining.encoders.saved import save_encoder
from echopilot_perception.tasks.applications import APPLICATIONS
from echopilot_perception.tasks.encoded import compared_encoder, encode_images
from echopilot_perception.tasks.layers import surest_box
from echopilot_perception.tasks.learn import EncodedSet, LearnPlan, measure
from echopilot_perception.tasks.marks import score_of
from echopilot_perception.tasks.task_set import TaskSet

COUNT, CELLS = 60, 64


class GrayEncoder(PretrainEncoder):
    """Gray levels and places of cells: enough for a disc, and quick."""

    dense_channels, feature_count = 4, 4

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Conv2d(4, 4, 1)
        with torch.no_grad():
            self.mix.weight.copy_(torch.eye(4)[:, :, None, None])
            self.mix.bias.zero_()

    def encode(self, image: Tensor, hidden: Tensor | None = None) -> Encoded:
        small = nn.functional.avg_pool2d(image, 4)
        y, x = torch.meshgrid(*[torch.linspace(-1, 1, CELLS)] * 2, indexing="ij")
        places = torch.stack([x, y]).expand(len(image), -1, -1, -1)
        dense = self.mix(torch.cat([small, 1.0 - small, places], dim=1))
        weight = (dense[:, 1:2] > 0.9).float()
        at = (dense[:, 2:] * weight).sum((2, 3)) / weight.sum((2, 3)).clamp(min=1.0)
        return Encoded(dense, torch.cat([at, at.square()], dim=1))


@pytest.fixture(scope="module")
def discs() -> TaskSet:
    """A dark disc in gray noise: its cells, side, place, and box."""
    rng, rows, columns = np.random.default_rng(3), *np.mgrid[:CELLS, :CELLS]
    images, labels, x_at = [], [], []
    for _ in range(COUNT):
        x, y = rng.integers(14, 50, 2)
        inside = np.hypot(columns - x, rows - y) < 9
        image = rng.integers(120, 200, (256, 256)).astype(np.uint8)
        image[np.kron(inside, np.ones((4, 4), bool))] = 3
        images.append(image), labels.append(inside.astype(np.uint8)), x_at.append(float(x))
    x_m = np.array(x_at, np.float32)
    targets = {
        "vessel": np.stack(labels),
        "nodule": np.stack(labels),
        "view": (x_m > 32).astype(np.int64),
        "diameter": x_m,
        "quality": x_m,
        "statements": np.stack([x_m > 32, x_m <= 32], 1).astype(np.int8),
    }
    return TaskSet("rendered", np.stack(images), np.arange(COUNT) // 2, np.arange(COUNT) >= 40, targets)


def score(encoder: PretrainEncoder, discs: TaskSet, name: str, steps: int = 40) -> float:
    application = APPLICATIONS[name]
    encoded = encode_images(encoder, discs.images, torch.device("cpu"))
    rows = discs.rows(application, held_out=False)
    one = EncodedSet(discs, encoded)
    found = measure(encoder, one, {"as they are": one}, application, rows, 1, LearnPlan(steps, 400, 8))
    return score_of(application)(found["as they are"])


@pytest.mark.parametrize(
    ("name", "least"), [("vessel", 0.2), ("thyroid_nodule", 0.8), ("view", 0.9), ("quality", 0.9), ("retrieval", 0.6)]
)
def test_a_linear_layer_on_good_features_finds_what_they_hold(name: str, least: float, discs: TaskSet) -> None:
    torch.set_num_threads(1)
    encoder = GrayEncoder().eval()
    before = {k: v.clone() for k, v in encoder.state_dict().items()}
    assert score(encoder, discs, name) > least
    assert all(torch.equal(v, encoder.state_dict()[k]) for k, v in before.items())
    if name == "view":
        assert score(encoder, discs, "diameter") < 12.0


def test_the_same_seed_gives_the_same_marks_and_encoders_of_a_file_are_what_it_holds(
    discs: TaskSet, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("encoder")
    save_encoder(folder / "encoder.pth", build_pretrain_encoder(EncoderChoice(), 7))
    compared = compared_encoder(f"mine={folder / 'encoder.pth'}")
    assert compared.label == "mine" and len(compared.identity) == 64
    few = TaskSet("rendered", discs.images[30:50], discs.patients[30:50], discs.held_out[30:50],
                  {k: v[30:50] for k, v in discs.targets.items()})  # fmt: skip
    scores = [score(compared.build(seed), few, "view", steps=2) for seed in (1, 2)]
    assert scores[0] == scores[1]
    assert compared_encoder("scratch").build(1).state_dict()["backbone.fine.0.weight"].abs().sum() > 0
    with pytest.raises(EchoPilotError, match="does not exist"):
        compared_encoder("nowhere.pth")


def test_a_patch_of_a_cell_or_two_is_no_box() -> None:
    p = np.zeros((8, 8), np.float32)
    p[2, 2] = 0.9
    assert surest_box(p) is None
    p[3:6, 4:7] = 0.95
    box = surest_box(p)
    assert box is not None and box.tolist() == [4, 3, 7, 6]

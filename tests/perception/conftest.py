"""Helpers of this folder are importable, and one tiny model is trained once per session."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder trained for one short epoch on synthetic rings."""
    pytest.importorskip("torch", reason="the training extra is not installed")
    from synthetic import ring_samples

    from echopilot_perception.model.export import export
    from echopilot_perception.training import DEFAULT_SPEC, TrainConfig
    from echopilot_perception.training.loop import train

    folder = tmp_path_factory.mktemp("model")
    data = ring_samples(32, seed=1)
    result = train(data, TrainConfig(epochs=1, batch=16, warmup_steps=1), data)
    export(folder, "tiny", result, DEFAULT_SPEC, data, data, {"Data": "synthetic rings"})
    return folder

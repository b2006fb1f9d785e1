"""Figures of README, docs and model card cannot go stale: `make check` fails where they do not fit what ships."""

import importlib.util
import json
import shutil
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_figures", ROOT / "scripts" / "check_figures.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script on a copy of the pages, the figures, the model's description and the protocols."""
    module = load()
    for name in ("MODEL", "PROTOCOLS", "FIGURES"):
        source = getattr(module, name)
        target = tmp_path / source.relative_to(ROOT)
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.onnx", "*.pt", "*.npz"))
        monkeypatch.setattr(module, name, target)
    shutil.copy(ROOT / "README.md", tmp_path)
    for page in (ROOT / "docs").glob("*.md"):
        shutil.copy(page, tmp_path / "docs")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return module


def change(module: ModuleType, name: str, **values: object) -> None:
    path = module.FIGURES / f"{name}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_all_figures_of_this_repository_fit_what_ships(copy: ModuleType) -> None:
    assert copy.check() == []


def test_another_network_is_found(copy: ModuleType) -> None:
    path = copy.MODEL / "model.yaml"
    path.write_text(path.read_text().replace(copy.shipped_model(), "0" * 64))
    found = copy.check()
    assert any("eval.json: model" in line and "measure again" in line for line in found)
    assert not any("trial_cardiac" in line for line in found)  # is said to be of 0.5


def test_another_protocol_is_found(copy: ModuleType) -> None:
    path = copy.PROTOCOLS / "aorta.yaml"
    path.write_text(path.read_text() + "# changed\n")
    assert any("trial_sweeps.json: protocol aorta has changed" in line for line in copy.check())


def test_another_number_on_a_page_is_found_and_written_back(copy: ModuleType) -> None:
    page = copy.ROOT / "README.md"
    right = page.read_text()
    page.write_text(right.replace("LV Dice 0.88", "LV Dice 0.98"))
    assert any(line.startswith("README.md:") and "LV Dice 0.88" in line for line in copy.check())
    assert copy.check(write=True) == [] and page.read_text() == right


def test_a_row_without_a_file_is_found(copy: ModuleType) -> None:
    page = copy.ROOT / "README.md"
    page.write_text(page.read_text().replace("**Speed**", "| new | figure |\n|---|---|\n| it | 99 % |\n\n**Speed**"))
    assert any("without a file: | it | 99 % |" in line for line in copy.check())


def test_a_sentence_of_figures_without_a_file_is_found(copy: ModuleType) -> None:
    page = copy.ROOT / "README.md"
    page.write_text(page.read_text().replace("**Speed**", "It is right in 99 of 100 images.\n\n**Speed**"))
    assert any("without a file: It is right" in line for line in copy.check())


def test_a_missing_file_is_found(copy: ModuleType) -> None:
    (copy.FIGURES / "eval.json").unlink()
    assert any("docs/figures/eval.json does not exist" in line for line in copy.check())


def test_stale_figures_must_say_why_and_be_shown_as_such(copy: ModuleType) -> None:
    change(copy, "trial_cardiac", stale={"version": "0.5", "reason": ""})
    assert any("need a version and a reason" in line for line in copy.check())
    change(copy, "eval", stale={"version": "0.5", "reason": "no time"})
    assert any("must be shown as such" in line for line in copy.check())


def test_reserved_seeds_are_found(copy: ModuleType) -> None:
    change(copy, "eval", seeds=[1_000_000, 1_000_299])
    assert any("independent checks" in line for line in copy.check())


def test_new_results_are_taken_in_with_hashes_of_today(
    copy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = tmp_path / "result.json"
    values = {"patients": 40, "views": {v: {"reached": 37} for v in ("PLAX", "PSAX_PM", "A4C", "A2C", "SC4C")}}
    result.write_text(json.dumps(values))
    change(
        copy,
        "trial_cardiac",
        rows={"reached": json.loads((copy.FIGURES / "trial_cardiac.json").read_text())["rows"]["reached"]},
    )
    page = copy.ROOT / "README.md"
    page.write_text(page.read_text().replace("<!-- figures: trial_cardiac.errors -->\n", "<!-- no figures: x -->\n"))
    monkeypatch.setattr(copy.subprocess, "run", lambda *_, **__: type("Done", (), {"stdout": "abc\n"}))
    copy.add("trial_cardiac", result, "", ["cardiac"], [700_000, 700_039])
    assert copy.check(write=True) == []
    document = copy.read("trial_cardiac")
    assert document["model_sha256"] == copy.shipped_model() and document["stale"] is None
    assert document["command"].startswith("echopilot trial") and document["commit"] == "abc"
    assert "| 37 | 37 | 37 | 37 | 37 |" in page.read_text()

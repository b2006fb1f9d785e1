# Each target works on a fresh machine: `setup` builds .venv and skips what is done.
PYTHON ?= python3
BIN := .venv/bin
CLIP ?=
DEPTH ?=
MIRROR ?=
SEED ?= 600002
PROTOCOL ?= full

export ROS_AUTOMATIC_DISCOVERY_RANGE := LOCALHOST
ifdef ROS_DISTRO
# apt ROS: the messages built into .venv are found where its own libraries are.
export LD_LIBRARY_PATH := $(CURDIR)/.venv/lib:$(LD_LIBRARY_PATH)
export AMENT_PREFIX_PATH := $(CURDIR)/.venv:$(AMENT_PREFIX_PATH)
endif

.PHONY: help setup setup-dev setup-train demo test check bench train format clean
.DEFAULT_GOAL := help

help:
	@echo "make demo [SEED=n] [PROTOCOL=aorta|cardiac|full|screening]   an exam on a virtual patient, in out/demo"
	@echo "make demo CLIP=FILE [DEPTH=cm] [MIRROR=1]          the same graph fed by a real clip (CLIP=default: the shipped one)"
	@echo "make test | check | bench | train | format | clean"

setup:
	@$(PYTHON) scripts/set_up.py

setup-dev:
	@$(PYTHON) scripts/set_up.py dev

setup-train:
	@$(PYTHON) scripts/set_up.py dev train

demo: setup
	@$(BIN)/echopilot demo $(if $(CLIP),--clip "$(CLIP)" $(if $(DEPTH),--depth-cm "$(DEPTH)") $(if $(MIRROR),--mirror),--seed $(SEED) --protocol $(PROTOCOL))

test: setup-dev
	@$(BIN)/python scripts/run_tests.py

check: setup-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python scripts/check_links.py
	@$(BIN)/python scripts/check_structure.py
	@$(BIN)/python scripts/check_figures.py

bench: setup
	@for name in bmode physics simulator perception control graph; do $(BIN)/echopilot bench $$name --json out/bench/$$name.json || exit; done
	@$(BIN)/echopilot bench faults --runs 10000 --kept out/bench/faults.jsonl --picture out/bench/faults.png --json out/bench/faults.json
	@$(BIN)/echopilot bench views --json out/bench/views.json
	@folder=out/bench/record-$$(date +%s); $(BIN)/echopilot record simulate --protocol aorta --out $$folder && \
		$(BIN)/echopilot bench recovery $$folder/exam.mcap --json out/bench/recovery.json
	@$(BIN)/echopilot bench fuzz --cases 112000 --json out/bench/fuzz.json
	@$(BIN)/echopilot trial --protocol full --patients 10 --seed 600000 --fresh --json out/bench/trial.json
	@$(BIN)/echopilot eval --patients 20 --seed 600000 --json out/bench/eval.json

train: setup-train
	@$(BIN)/echopilot train

format: setup-dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean:  # of this clone; all clones of a user share ~/.cache/echopilot
	rm -rf .venv build install log *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

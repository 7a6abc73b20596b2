# `make` lists the targets. Each works alone on a machine with Python 3.11, git and a C compiler.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup weights weights-small demo test lint types bench docs clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: make PYTHON=python3.11 ..."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $(STAMP)

setup: $(STAMP) ## make .venv and install v4 into it

weights: setup ## fetch the default model (1.1 GB, once) into the user's cache folder
	$(BIN)/v4 model pull qwen2.5-coder-1.5b

weights-small: setup ## fetch the small model (0.5 GB, once)
	$(BIN)/v4 model pull qwen2.5-coder-0.5b

demo: weights ## index a real repository, answer a question, make a multi-file patch
	$(BIN)/python -m benchmarks.demo

test: weights-small ## all tests, with the real 0.5B weights
	$(BIN)/python -m pytest

lint: setup ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup ## mypy on the three packages
	$(BIN)/mypy

bench: weights weights-small ## measure this machine: model speed beside transformers; TASKS=FOLDER adds refactoring tasks
	$(BIN)/v4 model bench --against transformers
	$(if $(TASKS),$(BIN)/python -m benchmarks.refactor_tasks $(TASKS))

docs: setup ## write docs/commands.md anew from --help
	$(BIN)/python -m benchmarks.command_docs > docs/commands.md

clean: ## remove what was built here (the user's cache folder stays)
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

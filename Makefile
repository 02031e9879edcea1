# Two commands: `make restore JPEG=photo.jpg` and `make test`. Both make the environment first, in .venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
JPEG ?= examples/night.jpg

.PHONY: restore test lint types unit clean

restore: $(VENV)/.installed
	$(BIN)/qgac restore "$(JPEG)"

test: lint types unit

lint: $(VENV)/.developer
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.developer
	$(BIN)/mypy

unit: $(VENV)/.developer
	$(BIN)/pytest

# torch goes first and alone: asked for beside others, an installer may prefer a newer build with a GPU's libraries.
$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/.developer: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

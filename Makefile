# Two commands: `make restore JPEG=photo.jpg` and `make test`. Both make the environment first, in .venv.
# `make results DATA=folder` measures everything in docs/results.md: docs/results.mk has its rules.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
JPEG ?= examples/night.jpg

.PHONY: restore test lint types unit lowest results graphs docs release clean

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

$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

# torch goes first and alone: asked for beside others, an installer may prefer a newer build with a GPU's libraries.
$(VENV)/.developer: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

# The quick tests with the lowest versions that pyproject.toml allows, in an environment of their own. torch alone stays
# as constraints.txt has it: an older one draws gigabytes. Old libraries may warn of what newer ones have changed.
LOWEST := .venv-lowest
QUICK := test_imports.py test_cli.py coefficients metrics models engine/test_onnx_engine.py pictures analysis/test_analyze.py training/test_log.py commands/test_train.py
lowest: $(LOWEST)/.installed
	NUMBA_CACHE_DIR=$(CURDIR)/$(LOWEST)/numba $(LOWEST)/bin/pytest -W default -m "not slow" $(addprefix tests/,$(QUICK))

$(LOWEST)/.installed: pyproject.toml constraints.txt
	test -x $(LOWEST)/bin/python || $(PYTHON) -m venv $(LOWEST)
	grep '^torch==' constraints.txt > $(LOWEST)/constraints.txt
	grep -oE '[a-z-]+(\[[a-z]+\])?>=[0-9.]+' pyproject.toml | sed -E '/^torch>/d; s/\[[a-z]+\]//; s/>=/==/' >> $(LOWEST)/constraints.txt
	$(LOWEST)/bin/python -m pip install --quiet --constraint $(LOWEST)/constraints.txt torch
	$(LOWEST)/bin/python -m pip install --quiet --constraint $(LOWEST)/constraints.txt --editable ".[dev]"
	touch $@

# The graphs that the package ships, made anew from its weights; a test says when they are outdated.
graphs: $(VENV)/.developer
	for model in small fast; do $(BIN)/qgac export $$model --without-weights --out src/qgac/engine/graphs/$$model --overwrite; done

# The documentation as a site, in site/, without a warning; docs/site/ has what it is built with.
docs: $(VENV)/.developer
	$(BIN)/mkdocs build --strict --quiet

# What goes to a package index, in dist/: built, checked, and the wheel tried in an environment that has nothing else.
RELEASE := .venv-release
release:
	rm -rf dist
	$(PYTHON) -m venv --clear $(RELEASE)
	$(RELEASE)/bin/python -m pip install --quiet --constraint constraints.txt build twine check-wheel-contents
	$(RELEASE)/bin/python -m build
	$(RELEASE)/bin/twine check --strict dist/*
	$(RELEASE)/bin/check-wheel-contents dist/*.whl
	$(PYTHON) -m venv --clear $(RELEASE)
	$(RELEASE)/bin/python -m pip install --quiet --constraint constraints.txt dist/*.whl
	cp examples/night.jpg $(RELEASE)
	cd $(RELEASE) && bin/qgac night.jpg --verbose && bin/python -c "import qgac; qgac.restore('night.jpg').save('again.png')"
	cmp $(RELEASE)/night.restored.png $(RELEASE)/again.png

clean:
	rm -rf $(VENV) $(LOWEST) $(RELEASE) .mypy_cache .ruff_cache .pytest_cache .hypothesis

include docs/results.mk

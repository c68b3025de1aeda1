# Everything a developer runs. `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# One more than cores: tests that drive a terminal or wait for a process leave theirs idle.
WORKERS ?= 3
# Programs that tests start run compiled, as once installed, without a trace in the source tree.
TESTED := PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX=$(CURDIR)/$(VENV)/pycache $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help venv run test test-fast check bench picture clean

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Expected Python 3.11 or newer as $(PYTHON); set PYTHON=python3.12 or such." >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing fitmon and TensorFlow into $(VENV): a large download, some minutes."
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

venv: $(STAMP)  ## Build .venv with fitmon and all that its development needs

run: venv  ## Train MNIST under the screen
	$(BIN)/fitmon mnist

test: venv  ## Run all tests
	$(TESTED)

test-fast: venv  ## Run the tests that are not marked slow, in under a minute
	$(TESTED) -m "not slow"

check: venv  ## Format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

picture: venv  ## Draw the pictures of README and docs/tour.md again
	$(BIN)/python -m docs.pictures

bench: venv  ## Measure against the goals; prints a table and JSON
	$(BIN)/python -m bench

clean:  ## Remove .venv and caches
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2

.PHONY: install demo test test-long simulation chaos check bench lock clean

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

$(VENV)/.benched: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,bench]'
	touch $@

demo: install
	$(BIN)/imbot demo

test: install
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.benched
	$(BIN)/python -m benchmarks

chaos: install
	$(BIN)/python -m pytest -m chaos

test-long: install
	$(BIN)/python -m pytest -m "long or chaos"

simulation: install
	$(BIN)/python -m tests.simulation --worlds 10000

lock: $(VENV)/.benched
	$(BIN)/python -m pip freeze --exclude-editable --disable-pip-version-check > constraints.txt

clean:
	rm -rf $(VENV)

# The course in one place. `make` alone lists the commands.
#
#   make lab     opens the course        make test    runs every test
#
# Needs Python >= 3.11 with pip, and make. Everything is installed into .venv;
# once that has happened, nothing here uses the network.

PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
PIP    := $(PY) -m pip install --disable-pip-version-check --quiet -c constraints.txt
KEYS   := pyproject.toml constraints.txt

# Tests train tiny models: one thread each is fastest, and two files run at once.
WORKERS ?= 2
SANITIZE := $(addprefix --nbval-sanitize-with ,$(wildcard tests/nbval_sanitize.cfg))
NBVAL    := --nbval --nbval-current-env $(SANITIZE) --nbval-cell-timeout 120

.DEFAULT_GOAL := help
.PHONY: help lab setup setup-dev test test-slow check format notebooks exercises lesson tables reproduce bench bench-peers bench-widgets floors newest clean

help:
	@echo "make lab        set up .venv and open JupyterLab at lesson 00"
	@echo "make test       set up .venv and run every test, notebooks included"
	@echo "make test-slow  every widget at a thousand random settings (four minutes)"
	@echo "make check      ruff and mypy --strict"
	@echo "make format     ruff format and its safe fixes"
	@echo "make notebooks  re-execute the lessons and solutions (byte-stable)"
	@echo "make exercises  generate exercises/ from solutions/"
	@echo "make lesson N=17 NAME=poisoning  begin a lesson from a skeleton"
	@echo "make tables     the README's table of lessons, from their lesson.toml"
	@echo "make reproduce  paper results beside this library's (half an hour)"
	@echo "make bench      time the engines beside a textbook loop (six minutes)"
	@echo "make bench-widgets  from a slider's key press to changed pixels"
	@echo "make bench-peers  other simulators beside them (downloads a gigabyte)"
	@echo "make floors     the tests with the lowest versions that pyproject.toml admits"
	@echo "make newest     the tests with the newest ones"
	@echo "make clean      remove .venv and caches; notebooks and data stay"

# --- setting up: a stamp, renewed when pyproject.toml or constraints.txt changes

$(PY):
	@command -v $(PYTHON) >/dev/null || { echo "No '$(PYTHON)' found. Install Python 3.11 or newer, or name yours: make lab PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("Got Python %d.%d, but the course needs 3.11 or newer. Name a newer one: make lab PYTHON=python3.12" % v[:2])'
	@echo "Creating the environment $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "python -m venv failed. On Debian and Ubuntu: apt install python3-venv"; exit 1; }

$(VENV)/.course: $(KEYS) | $(PY)
	@echo "Installing the course with the versions of constraints.txt (once; this takes minutes)"
	@$(PIP) hatchling
	@$(PIP) --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(KEYS) | $(PY)
	@echo "Installing the course and its test tools with the versions of constraints.txt (once; this takes minutes)"
	@$(PIP) hatchling
	@$(PIP) --no-build-isolation -e ".[dev]"
	@touch $@ $(VENV)/.course

setup: $(VENV)/.course

setup-dev: $(VENV)/.dev

# --- learning

lab: setup
	@$(PY) -m fltutor lab $(ARGS)

# --- testing

# One run, one closing count: unit, doctest, browser and notebook tests.
test: setup-dev
	@echo "Testing: the library, its docstrings, widgets in a browser, every notebook"
	@OMP_NUM_THREADS=1 $(PY) -m pytest -n $(WORKERS) --dist loadfile -q \
	    -m "not settings" \
	    --doctest-modules $(NBVAL) fltutor tests lessons solutions $(ARGS)

test-slow: setup-dev
	@echo "Testing: every widget's compute and words at random settings"
	@OMP_NUM_THREADS=1 $(PY) -m pytest -n $(WORKERS) -q -m settings tests/course $(ARGS)

floors newest: | $(PY)
	@$(PY) workshop/ranges.py $@ $(ARGS)

reproduce: setup
	@echo "Reproducing paper results: the tables go to reproduce/results/"
	@OMP_NUM_THREADS=1 $(PY) -m reproduce $(ARGS)

bench: setup
	@echo "Timing the engines: tables here, JSON in benchmarks/results/"
	@$(PY) -m benchmarks $(ARGS)

bench-widgets: setup-dev
	@echo "Timing every widget in JupyterLab under a headless Chromium"
	@OMP_NUM_THREADS=1 $(PY) benchmarks/widgets.py $(ARGS)

bench-peers: setup
	@echo "Timing other simulators, each in an environment of its own under .venv-peers/"
	@$(PY) -m benchmarks.peers $(ARGS)

check: setup-dev
	@echo "ruff: style and errors"
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@echo "mypy --strict: types of fltutor/"
	@$(PY) -m mypy

format: setup-dev
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

# --- notebooks

notebooks: setup-dev
	@echo "Re-executing lessons and solutions"
	@OMP_NUM_THREADS=1 $(PY) workshop/notebooks.py $(ARGS)

lesson: setup-dev
	@test -n "$(N)" -a -n "$(NAME)" || { echo 'Got no number or name. Say: make lesson N=17 NAME=poisoning TITLE="Poisoning"'; exit 1; }
	@$(PY) workshop/new_lesson.py "$(N)" "$(NAME)" "$(or $(TITLE),$(NAME))"

tables: setup-dev
	@echo "Writing the README's table of lessons from their lesson.toml"
	@$(PY) workshop/tables.py $(ARGS)

exercises: setup-dev
	@echo "Generating exercises/ from solutions/"
	@$(PY) workshop/exercises.py $(ARGS)

clean:
	rm -rf $(VENV) .venv-floors .venv-newest build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# make setup | run | test | system | check | bench | eval | calibrate | train | clean
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export OMP_NUM_THREADS := 1
export OMP_WAIT_POLICY := PASSIVE
export TOKENIZERS_PARALLELISM := false
# Compiled modules are kept, whatever the shell says: tests start many processes.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup run test system check bench eval calibrate train clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "duban 需要 Python 3.11 或更新 / needs Python 3.11 or newer (make PYTHON=...)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "缺少 venv: apt-get install python3-venv / venv is missing"; exit 1; }
	@echo "安装到 .venv …… / installing into .venv"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

run: setup
	@$(BIN)/python -m api.demo

test: setup system
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

system: # what the tests need of Debian, installed where it is missing
	@tests/system.sh

check: setup
	@$(BIN)/python -m pip check --quiet
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup
	@$(BIN)/python -m tests.bench

eval: setup
	@$(BIN)/python -m tests.evaluation

calibrate: setup # fits how questions are understood and what counts as their answer
	@$(BIN)/python -m tests.evaluation.plans
	@$(BIN)/python -m tests.evaluation.calibrate --write

train: setup # fits ingest/weights from the annotated documents of ../shared/gold; without them the weights stay
	@$(BIN)/python -m tests.evaluation.training

clean:
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis

# `make demo` and `make test` are all a newcomer needs: they install what is missing into .venv.
# Needs: make, python3 >= 3.11 with its venv module (Debian: apt-get install python3-venv). uv is used where it is
# there, and fetched into the project where it is not.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null || echo $(CURDIR)/.uv/bin/uv)
READY := $(VENV)/.ready
EXPORT := --quiet --frozen --no-dev --no-emit-project --no-header
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/$(VENV)

.PHONY: demo test check bench format docs lock clean

demo: $(READY)
	$(BIN)/detente demo -o report.html

test: $(READY)
	$(BIN)/python -m pytest -n auto

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/make_dictionary.py --check
	$(UV) lock --check
	$(UV) export $(EXPORT) | cmp - requirements.lock

bench: $(READY)
	$(BIN)/python bench/record.py
	$(BIN)/python bench/decide.py
	$(BIN)/python bench/cascade.py
	$(BIN)/python bench/impact.py
	$(BIN)/python bench/relief.py

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY)
	$(BIN)/python docs/make_dictionary.py

lock: $(READY)
	$(UV) lock
	$(UV) export $(EXPORT) > requirements.lock

$(READY): pyproject.toml uv.lock | $(UV)
	$(UV) sync --frozen --python $(PYTHON)
	@touch $@

# Reached only where there is no uv on the PATH: a uv of the project's own, so that nothing outside it changes.
$(CURDIR)/.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv

clean:
	rm -rf $(VENV) .uv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist

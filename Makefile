# What a newcomer needs: `make demo` and `make test`. Both set up .venv themselves; another interpreter is
# named with PYTHON=python3.13, more arguments for pytest with PYTEST="-k gate".
PYTHON ?= python3
PYTEST ?=
BIN := .venv/bin
comma := ,
# uv installs the same set ten times faster; where it cannot be had or finds nothing, pip does it.
install = $(BIN)/python -m uv pip install --quiet --python $(BIN)/python -e '.[$(1)]' 2>/dev/null \
	|| $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[$(1)]'

.PHONY: demo demo-webhooks test check lowest record notebooks bench torture readme clean

demo: .venv/.demo
	$(BIN)/sales-follow-up --demo --apply all --limit 10

demo-webhooks: .venv/.demo-webhooks
	$(BIN)/sales-follow-up watch --demo

# Many tests start programs: what is compiled once is not compiled by each of them.
test lowest: export PYTHONDONTWRITEBYTECODE :=

test: .venv/.dev
	$(BIN)/python -m pytest -n auto --dist worksteal $(PYTEST)

check: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pipedrive_tools.cli.readme --check README.md

readme: .venv/.dev
	$(BIN)/python -m pipedrive_tools.cli.readme README.md

lowest: .venv/.dev
	$(BIN)/python -m uv venv --quiet --clear --python $(BIN)/python .venv-lowest
	$(BIN)/python -m uv pip install --quiet --python .venv-lowest/bin/python --resolution lowest-direct -e '.[dev]'
	.venv-lowest/bin/python -m pytest -n auto --dist worksteal $(PYTEST)

record: .venv/.dev
	$(BIN)/python -m tests.record

notebooks: .venv/.dev
	$(BIN)/python -m pytest -n 2 tests/test_notebooks.py

bench: .venv/.dev
	$(BIN)/python -m tests.benchmarks

torture: .venv/.dev
	$(BIN)/python -m tests.torture

clean:
	rm -rf .venv .venv-lowest

.venv/.demo: .venv/.python pyproject.toml
	@echo "installing; the first time takes a minute" >&2
	@$(call install,sandbox)
	@touch $@

.venv/.demo-webhooks: .venv/.python pyproject.toml
	@echo "installing; the first time takes a minute" >&2
	@$(call install,sandbox$(comma)webhooks)
	@touch $@

.venv/.dev: .venv/.python pyproject.toml
	@echo "installing what tests and checks need; the first time takes a few minutes" >&2
	@$(call install,dev)
	@touch $@ .venv/.demo .venv/.demo-webhooks

.venv/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one, as in: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv .venv \
		|| { echo "the venv module is missing; on Debian: apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv || echo "no uv here; pip installs" >&2
	@touch $@

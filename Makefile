# Every command of a developer's day; `make help` prints this file's targets.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The Python that makes the virtual environment: 3.11 or later.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The tools call each other by name (sam → make → uv).
export PATH := $(CURDIR)/$(BIN):$(PATH)
export SAM_CLI_TELEMETRY := 0
# Where bytecode is not kept, every process compiles its imports anew: tests take half as long again.
unexport PYTHONDONTWRITEBYTECODE
# Trust what this machine trusts: a company's own CA, too.
export UV_SYSTEM_CERTS := true

READY := $(VENV)/.ready

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^## / {printf "\n%s\n", substr($$0, 4)} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

## Set up

.PHONY: setup
setup: $(READY) ## virtual environment with everything of requirements.lock (other targets do it by themselves)

# pip installs uv with a pinned hash, uv installs the lock and, last, the checkout itself (the command `plugport`).
$(READY): requirements.lock requirements/bootstrap.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Plugport needs Python 3.11 or later: make PYTHON=python3.13 setup")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements/bootstrap.txt
	@$(BIN)/uv pip sync --quiet --no-config --require-hashes --python $(BIN)/python requirements.lock
	@$(BIN)/uv pip install --quiet --no-config --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@touch $(READY)

.PHONY: lock
lock: $(READY) ## write the lock files again from pyproject.toml (UPGRADE=1: newest versions)
	@requirements/lock.sh $(if $(UPGRADE),--upgrade)

## Every change

.PHONY: format
format: $(READY) ## format the code and mend what lint can mend
	@ruff format .
	@ruff check --fix .

.PHONY: docs
docs: $(READY) ## write docs/reasons.md, docs/settings.md and docs/openapi.json again from the code
	@python -m local.docs
	@python -m functions.registration.openapi > docs/openapi.json

.PHONY: check
check: $(READY) ## format, lint, types, template, documents, unit, contract and conformance tests (under a minute)
	@$(MAKE) --jobs=2 --output-sync=target check-edges check-unit check-code check-contract check-conformance

# The unit tests in two halves of about the same length: one for each core.
EDGES := $(addprefix tests/unit/,artifacts commands credentials egress health registry signatures)
.PHONY: check-edges check-unit check-code check-contract check-conformance
check-edges:
	@pytest -q $(EDGES)
check-unit:
	@pytest -q tests/unit $(addprefix --ignore=,$(EDGES))
check-code:
	@ruff format --check .
	@ruff check .
	@mypy
	@cfn-lint template.yaml
	@python -m local.docs --check
check-contract:
	@pytest -q tests/contract
check-conformance:
	@python -m tests.conformance --declared

.PHONY: test
test: $(READY) ## all tests that need no running stack, properties included, with coverage
	@pytest --cov --cov-report=term

.PHONY: conformance
conformance: $(READY) ## conformance cases (CONFORMANCE_DIR: other cases than tests/conformance/cases)
	@python -m tests.conformance

## Local stack

.PHONY: up
up: $(READY) ## bring the local stack up: emulator, build, deploy, token
	@python -m local up

.PHONY: down
down: $(READY) ## stop the local stack and forget its state
	@python -m local down

.PHONY: logs
logs: $(READY) ## logs of the functions (NAME=oci_pull: of one; FOLLOW=1: go on)
	@python -m local logs $(NAME) $(if $(FOLLOW),--follow)

.PHONY: invoke
invoke: $(READY) ## invoke a function of the local stack (EVENT=events/relay/registered.json [FUNCTION=relay])
	@python -m local invoke $(EVENT) $(if $(FUNCTION),--function $(FUNCTION))

.PHONY: demo
demo: $(READY) ## the main job, live: real plugins from POST to ready on the local stack
	@python -m local.demo

## Wider tests

.PHONY: integration
integration: $(READY) ## tests against real loopback servers and the local stack
	@pytest tests/integration

.PHONY: interop
interop: $(READY) ## tests against a real registry and real clients (docker-registry, skopeo)
	@pytest tests/interop

.PHONY: bench
bench: $(READY) ## benchmarks, one line a measurement
	@python -m tests.benchmarks

## Clean up

.PHONY: clean
clean: ## stop the local stack, remove everything that is generated
	@test ! -e .local/state.json || $(PYTHON) -m local down
	@rm -rf $(VENV) .aws-sam .local .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache build *.egg-info
	@find . -name __pycache__ -prune -exec rm -rf {} +

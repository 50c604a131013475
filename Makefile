# Everything is done from here. Needs Python 3.11 or later and make; the rest comes from PyPI.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/installed
PARTS  := contracts services/chassis services/intake services/portfolio services/governance services/notifications deploy/embedded
PACKAGES := contracts chassis intake portfolio governance notifications embedded

# Kept whatever the shell says: an installation is a handful of processes, and each would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help up demo test test-whole test-systems test-parts check rules translations schemas format lint types layers bench e2e every-page screenshots kafka \
        peers fuzz lock install clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(STAMP) ## run everything on this machine; the address to open is printed last
	@$(BIN)/flode up

demo: $(STAMP) ## the same, with a year of invented requests from three municipalities
	@$(BIN)/flode up --demo

test: $(STAMP) ## every test that needs nothing but this machine; takes minutes, and more of them where others compute too
	@$(MAKE) --no-print-directory --jobs=3 test-whole test-systems test-parts

# Side by side: whole installations, whose tests mostly wait, ticketing systems, and everything else, which mostly
# computes.
test-whole: $(STAMP)
	$(BIN)/python -m pytest --quiet tests/e2e

test-systems: $(STAMP)
	$(BIN)/python -m pytest --quiet tests/systems

test-parts: $(STAMP)
	$(BIN)/python -m pytest --quiet --ignore=tests/e2e --ignore=tests/systems

check: $(STAMP) lint types layers ## ruff, mypy, import-linter; whether schemas, docs and translations are up to date
	$(BIN)/python -m tests.contract.generate --check
	$(BIN)/python -m chassis.i18n check

lint: $(STAMP) ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP) ## mypy, strict, over the packages and then over the tests
	$(BIN)/mypy $(PACKAGES:%=-p %)
	$(BIN)/mypy $(wildcard $(addsuffix /tests,$(PARTS)) tests)
	MYPYPATH=deploy/kafka $(BIN)/mypy deploy/kafka

layers: $(STAMP) ## import-linter: imports point one way
	$(BIN)/lint-imports

format: $(STAMP) ## let ruff format and mend what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

rules: $(STAMP) ## the table rule → code → test
	@$(BIN)/python -m tests.architecture.rules

translations: $(STAMP) ## write new sentences into the catalogues, for somebody to translate
	$(BIN)/python -m chassis.i18n update

schemas: $(STAMP) ## write schemas, samples, AsyncAPI and OpenAPI anew from the code
	$(BIN)/python -m tests.contract.generate

bench: $(STAMP) ## measure side by side and write the table of ratios; takes minutes (needs what `make kafka` needs)
	PYTHONPATH=deploy/kafka $(BIN)/python -m tests.benchmarks

kafka: $(STAMP) ## the integration suite on a real three-broker Apache Kafka (needs Java 17 and Maven Central)
	deploy/kafka/run $(BIN)/python -m pytest -m "kafka or not browser and not bench and not brokerless" tests/integration tests/chaos

peers: $(STAMP) ## real ticketing systems of Debian's, started here, connected and written into (.ci/run says which packages)
	$(BIN)/python -m pytest -m peer tests/peers

FUZZ_SECONDS ?= 600
fuzz: $(STAMP) ## bytes made up for every parser of what arrives, guided by what the code does; FUZZ_SECONDS in all
	$(BIN)/python -m tests.systems.fuzz --seconds $(FUZZ_SECONDS)

e2e: $(STAMP) ## the whole flow by mouse and keyboard, in chromium or the browser that Playwright has installed
	$(BIN)/python -m pytest -m browser -o faulthandler_timeout=0 tests/e2e

every-page: $(STAMP) ## every page there is, judged in chromium in every language for whoever may read it; minutes
	$(BIN)/python -m pytest -m walk -o faulthandler_timeout=0 tests/e2e/test_every_page.py

screenshots: $(STAMP) ## pictures of every page into .screenshots, light, dark and as on a telephone, and the README's
	$(BIN)/python -m tests.e2e.screenshots

lock: $(STAMP) ## resolve the versions of everything again into requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-emit-find-links --no-annotate --custom-compile-command "make lock" \
	    $(PACKAGES:%=--no-emit-package flode-%) $(PARTS:%=%/pyproject.toml) --group pyproject.toml:dev \
	    --upgrade --output-file requirements.lock

install: $(STAMP) ## install into .venv; every target does so when it has to

# Hashes for what others wrote; what is ours is installed as it lies, so that an edit is live. The stamp is newer than
# the lock and our pyproject files, or the installation is done again. Plain pip, because it is there and knows the
# mirror it has been told about: 25 s, where uv would need 4; compiling everything at once would add 16.
$(STAMP): requirements.lock pyproject.toml $(PARTS:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or later is needed; say PYTHON=python3.12 or the like")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --no-deps --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(PARTS:%=--editable %)
	@touch $@

clean: ## remove what was installed and cached; data in .flode-data is kept
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.git/*' -exec rm -rf {} +

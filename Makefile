# One runner for people, CI and pre-commit. Each target makes the environment it needs; nothing outside the folder is
# changed, except that `make test` run as root on Debian installs the mail server and the browser its tests talk to.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test lint format types imports docs screenshots wheel bench oracle killtest debian clean

help:  ## name the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /\1\t/' | expand -t 14

demo: $(VENV)/.installed  ## send the shipped example to an embedded server and show its inbox
	$(BIN)/newsletter demo

test: $(VENV)/.development debian  ## run the tests
	$(BIN)/pytest -n auto --dist loadfile $(PYTEST_ARGS)

lint: $(VENV)/.development  ## style of the code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.development  ## mend what the linter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.development  ## types of package and tests
	$(BIN)/mypy

imports: $(VENV)/.development  ## imports go one way, each foreign library has one home
	$(BIN)/lint-imports

docs: $(VENV)/.development  ## write the generated pages of docs/ anew
	$(BIN)/python docs/reference.py

screenshots: $(VENV)/.development debian  ## draw the pictures of the README anew
	$(BIN)/python docs/screenshots.py
	$(BIN)/python docs/screenshots_preview.py

# The wheel is built once, installed where no checkout is near, and does the main job there.
wheel: $(VENV)/.development  ## build the wheel, install it in a new environment, run its demo from an empty folder
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist .
	place=$$(mktemp -d) && trap 'rm -rf "$$place"' EXIT && \
	  $(PYTHON) -m venv "$$place/venv" && \
	  "$$place/venv/bin/pip" install --quiet dist/*.whl && \
	  mkdir "$$place/empty" && cd "$$place/empty" && \
	  env -u PYTHONPATH "$$place/venv/bin/newsletter" --version && \
	  env -u PYTHONPATH -u DISPLAY -u WAYLAND_DISPLAY "$$place/venv/bin/newsletter" demo

bench: $(VENV)/.development debian  ## measure: what things cost, and what they cost elsewhere
	for script in start fill lists engine million peers; do \
	  echo "==> benchmarks/$$script.py"; $(BIN)/python "benchmarks/$$script.py"; \
	done

oracle: $(VENV)/.development  ## how much of each corpus post equals pandoc's HTML
	$(BIN)/python -m tests.oracle

KILLS ?= 200
killtest: $(VENV)/.development  ## kill senders at random instants by the hundred: nobody twice, nobody lost
	$(BIN)/python -m tests.servers.killing --kills $(KILLS)

clean:  ## remove what the targets made
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# pip reads dependency groups (PEP 735) from 25.1 on.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "newsletter needs Python 3.11 or newer; make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'

$(VENV)/.installed: pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet --editable .
	@touch $@

$(VENV)/.development: pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet --editable '.[images,postgresql]' --group test --group lint --group build
	@touch $@ $(VENV)/.installed

# smtp-sink (package postfix), opendkim, chromium, php, nginx and PostgreSQL. Where they cannot be installed the tests
# that need them say so and skip; no daemon is started.
debian:
	@missing=; PATH="$$PATH:/usr/sbin"; \
	command -v smtp-sink >/dev/null || missing="$$missing postfix"; \
	command -v opendkim >/dev/null || missing="$$missing opendkim"; \
	ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$$missing postgresql"; \
	command -v dovecot >/dev/null || missing="$$missing dovecot-imapd"; \
	command -v php >/dev/null || missing="$$missing php-cli"; \
	command -v nginx >/dev/null || missing="$$missing nginx-light"; \
	command -v chromium >/dev/null || missing="$$missing chromium fonts-liberation fonts-noto-color-emoji"; \
	if [ -n "$$missing" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1; \
	  echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections; \
	  apt-get update -qq && apt-get install -qq -y --no-install-recommends $$missing >/dev/null; \
	fi

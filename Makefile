# Two commands: `make run` opens a working contact centre, `make test` proves it works.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
  command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
# a file of tests stays in one process, so that what its module sets up is set up once; in the order of tests/conftest.py
SIDE_BY_SIDE := --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.PHONY: run test quick check bench fmt install install-dev lock rasa rasa-serve clean

run: install ## Set everything up and open the contact centre
	@$(BIN)/python -m bot run --demo

test: install-dev check ## Checks and the whole suite
	@bin/ensure-browser
	@bin/ensure-ocr
	@bin/ensure-mail
	@bin/make-tryton
	@bin/ensure-prism
	@bin/ensure-oidc
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE)

quick: install-dev ## The fast unit part
	@$(BIN)/python -m pytest -q -m "not slow and not browser" $(SIDE_BY_SIDE)

check: install-dev ## Style, types, dependency direction
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: install-dev ## Figures into benchmarks/results/latest.{md,json}
	@$(BIN)/python -m benchmarks.run

fmt: install-dev
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

install: .venv/base.done
install-dev: .venv/dev.done

.venv/bin/python:
	@bin/make-venv "$(PYTHON)"

.venv/base.done: requirements/base.txt | .venv/bin/python
	@echo "Installing what Switchboard runs on (about half a minute the first time) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.txt
	@touch $@

.venv/dev.done: requirements/dev.txt .venv/base.done
	@echo "Installing what the checks and tests need …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

lock: install-dev ## Pin requirements/*.in anew
	@for part in base dev encoders; do $(BIN)/uv pip compile --quiet --universal $$([ $$part = encoders ] && echo --no-deps) --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links requirements/$$part.in -o requirements/$$part.txt; done
	@$(BIN)/uv pip compile --quiet --python-version 3.10 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  requirements/rasa.in -o requirements/rasa.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  requirements/tryton.in -o requirements/tryton.txt

rasa: ## Rasa 3.6.21 in .venv-rasa, to compare with or to use as the engine
	@bin/make-rasa

rasa-serve: install ## Its server, on the newest model of `python -m bot train --engine rasa`
	@$(BIN)/python -m bot rasa-serve

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

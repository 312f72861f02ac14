.DEFAULT_GOAL := help
.PHONY: help setup demo test sweep languages members upgrade faults check fix texts pins docs bench ci clean

PYTHON ?= python3
WORKERS ?= 2
BIN := .venv/bin
PROJECTS := pyproject.toml $(wildcard */pyproject.toml */*/pyproject.toml)
OWN_SCRIPTS := scripts bench tests/packaging

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' Makefile | awk -F'|' '{printf "make %-7s %s\n", $$1, $$2}'

setup: .venv/setup.stamp  ## make the environment in .venv (part of every other target)

.venv/setup.stamp: $(PROJECTS) scripts/setup scripts/uv
	@scripts/setup "$(PYTHON)"

demo: setup  ## a demo practice from end to end, on this machine only
	@$(BIN)/serienpost demo

test: setup  ## all tests: units, then the whole system
	@scripts/stage units 380 scripts/tests -n $(WORKERS) --dist worksteal --ignore=tests/acceptance --ignore=tests/packaging --ignore=tests/faults --ignore=tests/upgrade
	@scripts/stage acceptance 360 scripts/tests -n $(WORKERS) --dist worksteal tests/acceptance

sweep: setup  ## the tests with all cases of long sweeps, and new examples each time
	@scripts/stage sweep 900 scripts/tests -n $(WORKERS) --dist worksteal --sweep --ignore=tests/packaging --ignore=tests/faults

languages: setup  ## the acceptance tests in German, and in brackets that show what is no text
	@scripts/stage german 900 scripts/tests -n $(WORKERS) --dist worksteal tests/acceptance --reading de
	@scripts/stage brackets 900 scripts/tests -n $(WORKERS) --dist worksteal tests/acceptance --reading qps

members: setup  ## each member's tests in an environment that holds only what it declares
	@scripts/stage members 600 scripts/members

upgrade: setup  ## ledgers that older commits wrote: open, show, print, send, purge
	@scripts/stage upgrade 120 scripts/tests -n $(WORKERS) --dist worksteal tests/upgrade

faults: setup  ## kill it at every write and 200 random moments, on SQLite and PostgreSQL
	@scripts/stage faults 3600 scripts/tests -n $(WORKERS) --dist worksteal --timeout 400 tests/faults --thorough $(FAULTS)

check: setup  ## lint, format, types, lock, layout
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	scripts/uv lock --check
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target types layout

.PHONY: types layout
types: setup
	$(BIN)/mypy
	$(BIN)/mypy $(OWN_SCRIPTS)

layout: setup
	@scripts/tests tests/packaging

fix: setup  ## mend what lint and format can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

texts: setup  ## bring the catalogues of texts up to the code, compile them; tells what is untranslated
	@$(BIN)/python scripts/texts.py

pins: setup  ## resolve all third-party versions anew and pin them in pyproject.toml
	$(BIN)/python scripts/pin.py

docs: setup  ## the manual, into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "the manual is in site/index.html"

bench: setup  ## all benchmarks, also after one that missed; results in bench/results/
	@failed=; \
	bench() { $(BIN)/python "bench/$$@" || failed="$$failed $$1"; }; \
	bench startup.py; \
	bench rendering.py; \
	bench review.py 100000 3; \
	bench sources.py --many 200000; \
	bench tables.py; \
	scripts/packages soffice=libreoffice-writer || true; \
	bench letters.py; \
	bench permits.py 20000; \
	bench ledger.py; \
	bench desk.py; \
	scripts/packages postfix node=nodejs npm || failed="$$failed packages"; \
	bench smtp.py; \
	bench sendgrid.py; \
	for name in $$failed; do echo "missed: $$name"; done; \
	test -z "$$failed"

mariadb: setup  ## one selection and views on MariaDB; needs Debian's mariadb-server
	@scripts/packages mariadbd=mariadb-server
	@scripts/tests tests/sources/mariadb_selection.py tests/privacy/test_database_objects.py

.PHONY: queries
queries: setup  ## 20,000 random queries on SQLite, PostgreSQL, MariaDB: none supplies a value
	@scripts/packages mariadbd=mariadb-server
	@seed=$${SEED:-$$(date +%s)}; echo "SEED=$$seed"; \
	QUERIES=$(QUERIES) SEED=$$seed scripts/tests -n $(WORKERS) --timeout 0 tests/privacy/random_selections.py

.PHONY: tables
tables: setup  ## lists written by LibreOffice and pandas: none is read wrong; takes many minutes
	@scripts/packages /usr/lib/libreoffice/program/libsclo.so=libreoffice-calc
	scripts/uv run --quiet --with pandas pytest -q -n 0 tests/sources/written_tables.py

ci:  ## what .ci/run does: check, test, every member alone
	@.ci/run

.PHONY: smtp
smtp: setup  ## mail through real Postfix, smtp-sink, Dovecot; installs them where it may
	@scripts/packages postfix /usr/lib/dovecot/imap=dovecot-imapd openssl
	@scripts/tests -n 0 channels/smtp/tests/real_servers.py

.PHONY: browser
browser: setup  ## every page of the desk in Debian's Chromium: both schemes and languages, axe
	@scripts/browser plugins/web/tests/browser_*.py

.PHONY: screenshots
screenshots: setup  ## the pictures of the manual, from a demo practice, into docs/images/
	@scripts/browser plugins/web/tests/screenshots.py

.PHONY: load
load: setup  ## 50,000 mails, 10,000 letters: memory, every one accounted for, the file is sound
	$(BIN)/python bench/load.py
	@scripts/packages /usr/share/fonts/truetype/liberation=fonts-liberation qpdf \
		pdftotext=poppler-utils
	$(BIN)/python bench/letter_load.py

.PHONY: scale
scale: setup  ## a million recipients through prepare and send; takes many minutes
	$(BIN)/python bench/scale.py

.PHONY: workers
workers: setup  ## one run by 1, 2 and 4 processes: nearly so many times as fast
	$(BIN)/python bench/workers.py

clean:  ## remove environments, caches and everything built
	rm -rf .venv .tools dist site bench/results .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

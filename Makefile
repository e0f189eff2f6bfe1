# `make` lists what there is to do. Paths are relative throughout: the folder's own name may contain blanks.

.DEFAULT_GOAL := help
.NOTPARALLEL:
SHELL := /bin/sh

PY := .venv/bin/python
BIND ?= 127.0.0.1:8000
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PYTHONUTF8 := 1

# Tests and lint read nothing of a .env beside manage.py: what they need stands here.
CLEAN := DEBUG=True SECRET_KEY=only-for-tests ALLOWED_HOSTS=localhost,127.0.0.1 CSRF_TRUSTED_ORIGINS= \
  ENVIRONMENT_NAME=Tests TIME_ZONE=Asia/Kolkata TRUSTED_PROXIES=0 RETENTION_DAYS=730 \
  LSQ_API_URL= LSQ_ACCESS_KEY= LSQ_SECRET_KEY= LSQ_REFERENCE_FIELD= LSQ_WEB_URL= LSQ_BULK_RATE_LIMIT= \
  LSQ_ALLOW_OTHER_HOST=False SECRET_KEY_FILE= LSQ_ACCESS_KEY_FILE= LSQ_SECRET_KEY_FILE=
ON_SQLITE := $(CLEAN) DATABASE_URL=sqlite:///var/tests.sqlite3
# Two processes at once; whatever needs no database runs on the first one only.
UNIT := -m pytest tests -n 2 --ignore=tests/house --ignore=tests/browser --ignore=tests/firefox --ignore=tests/faults --ignore=tests/crash
NO_DATABASE := --ignore=tests/sandbox --ignore=tests/leadsquared --ignore=tests/lsqportal
DURABILITY := -m pytest tests/faults tests/crash
JOURNEYS := -m pytest -n 2 --dist worksteal

# Prints the path of a Chromium or Chrome, wherever its package put it; nothing where there is none.
FIND_CHROMIUM := for name in "$$CHROMIUM" chromium chromium-browser google-chrome google-chrome-stable \
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" \
  "/Applications/Chromium.app/Contents/MacOS/Chromium" \
  "$$HOME/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do \
    if [ -n "$$name" ] && command -v "$$name"; then break; fi; done

# Installs packages where that is our right: as root on Debian and its kin.
APT := DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300
IS_DEBIAN_ROOT := [ "`id -u`" = 0 ] && command -v apt-get >/dev/null

.PHONY: help demo run worker test lint format house unit unit-sqlite unit-postgres durability faults crash browser firefox bench-audit bench-chain bench-editor bench-export venv venv-dev system

help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

demo: venv ## the whole portal on this machine, with a sandbox for LeadSquared; nothing to configure
	@exec $(PY) -m lsqportal.demo $(ARGS)

run: venv ## the web server, as .env configures it (BIND=127.0.0.1:8000)
	@$(PY) manage.py migrate --noinput
	@$(PY) manage.py collectstatic --noinput
	@exec $(PY) -m gunicorn --worker-class gthread --workers 2 --threads 8 --bind "$(BIND)" \
	  --no-control-socket lsqportal.wsgi:application

worker: venv ## a worker beside it, as .env configures it
	@exec $(PY) manage.py worker

test: venv-dev system lint house unit durability browser ## everything that must hold
	@echo "== All of it holds. =="

lint: venv-dev ## style, types, imports, templates
	@echo "== Lint =="
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(CLEAN) $(PY) -m mypy
	@$(PY) -c 'from importlinter.cli import lint_imports_command as run; run()'
	@find templates -name '*.html' -exec .venv/bin/djade --check --target-version 5.2 {} +

format: venv-dev ## put right what a machine can put right
	@$(PY) -m ruff check --fix-only --exit-zero .
	@$(PY) -m ruff format .
	@find templates -name '*.html' -exec .venv/bin/djade --target-version 5.2 {} +

house: venv-dev ## the rules of the house, as tests
	@echo "== House tests =="
	@$(ON_SQLITE) $(PY) -m pytest tests/house

unit: unit-sqlite unit-postgres ## unit tests on both databases

unit-sqlite: venv-dev ## unit tests on SQLite
	@echo "== Unit tests on SQLite =="
	@$(ON_SQLITE) $(PY) $(UNIT) $(ARGS)

unit-postgres: venv-dev ## unit tests on PostgreSQL: TEST_DATABASE_URL, or a server that is started for them
	@echo "== Unit tests on PostgreSQL =="
	@$(CLEAN) $(PY) tests/postgres.py -- $(PY) $(UNIT) $(NO_DATABASE) $(ARGS)

durability: venv-dev ## a cut of make faults and make crash, on both databases
	@echo "== Faults and crashes on SQLite =="
	@$(ON_SQLITE) $(PY) $(DURABILITY) $(ARGS)
	@echo "== Faults and crashes on PostgreSQL =="
	@$(CLEAN) $(PY) tests/postgres.py -- $(PY) $(DURABILITY) $(ARGS)

faults: venv-dev ## every fault at every point of a submission, on both databases; takes some minutes
	@echo "== Faults on SQLite =="; $(ON_SQLITE) $(PY) -m tests.faults $(ARGS); on_sqlite=$$?; \
	echo "== Faults on PostgreSQL =="; $(CLEAN) $(PY) tests/postgres.py -- $(PY) -m tests.faults $(ARGS) && \
	exit $$on_sqlite

crash: venv-dev ## kill, suspend and starve the processes under load, on both databases; takes some minutes
	@if ! ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 && { $(IS_DEBIAN_ROOT); }; then \
	  $(APT) update && $(APT) install --no-install-recommends libfaketime || true; fi
	@for program in crashes hosts waiting; do \
	  $(ON_SQLITE) $(PY) -m tests.crash.$$program --database sqlite || exit 1; \
	  $(CLEAN) $(PY) tests/postgres.py -- $(PY) -m tests.crash.$$program --database postgresql || exit 1; \
	done
	@HYPOTHESIS_PROFILE=long $(ON_SQLITE) $(PY) -m pytest tests/test_state_machine.py $(ARGS)
	@HYPOTHESIS_PROFILE=long $(CLEAN) $(PY) tests/postgres.py -- $(PY) -m pytest tests/test_state_machine.py $(ARGS)

# Two processes at once, each with a portal and a sandbox of its own. Two runs: a sandbox has too few opportunities for
# all tests, of which no two share one.
browser: venv-dev ## journeys through Chromium
	@echo "== Browser tests =="
	@CHROMIUM=`$(FIND_CHROMIUM)`; export CHROMIUM; \
	if [ -z "$$CHROMIUM" ]; then echo "No Chromium or Chrome was found: install one, or set CHROMIUM to its path." >&2; exit 1; fi; \
	$(ON_SQLITE) DJANGO_ALLOW_ASYNC_UNSAFE=true $(PY) $(JOURNEYS) tests/browser/test_the_*.py $(ARGS) && \
	$(ON_SQLITE) DJANGO_ALLOW_ASYNC_UNSAFE=true $(PY) $(JOURNEYS) tests/browser/test_[!t]*.py $(ARGS)

firefox: venv-dev ## the main journeys through Firefox, every key of the rows among them
	@if ! $(PY) -c 'from tests.firefox import driver; raise SystemExit(not driver.find())'; then \
	  echo "No Firefox was found: install one, or set FIREFOX to its path." >&2; exit 1; fi; \
	$(ON_SQLITE) $(PY) -m pytest -v tests/firefox $(ARGS)

bench-chain: venv-dev ## eight processes write 20,000 audit entries at once, on both databases
	@$(ON_SQLITE) $(PY) -m tests.crash.chain --database sqlite $(ARGS)
	@$(CLEAN) $(PY) tests/postgres.py -- $(PY) -m tests.crash.chain --database postgresql $(ARGS)

bench-editor: venv-dev ## what the row editor costs with a large account: bytes, layout shift, from key to paint
	@CHROMIUM=`$(FIND_CHROMIUM)`; export CHROMIUM; \
	if [ -z "$$CHROMIUM" ]; then echo "No Chromium or Chrome was found: install one, or set CHROMIUM to its path." >&2; exit 1; fi; \
	$(ON_SQLITE) $(PY) -m tests.bench.editor $(ARGS)

# What it stands beside lies in a folder of its own: nothing else may ever import it.
ROWS ?= 1000000
BESIDE := var/bench-export
bench-export: venv-dev ## an export of 1,000,000 rows (ROWS=100000 for fewer) beside django-import-export, on both databases
	@if [ ! -e $(BESIDE)/import_export ]; then $(PY) -m pip install -q --no-deps --target $(BESIDE) \
	  django-import-export==4.4.3 tablib==3.10.0 diff-match-patch==20241021; fi
	@PYTHONPATH=$(BESIDE) $(ON_SQLITE) $(PY) -m tests.bench.export --rows $(ROWS) && \
	PYTHONPATH=$(BESIDE) $(CLEAN) $(PY) tests/postgres.py -- $(PY) -m tests.bench.export --rows $(ROWS)

bench-audit: venv-dev ## lists of 1,000,000 rows (ROWS=100000 for fewer) beside the admin's change list, on both databases
	@$(ON_SQLITE) $(PY) -m tests.bench.audit --rows $(ROWS) && \
	$(CLEAN) $(PY) tests/postgres.py -- $(PY) -m tests.bench.audit --rows $(ROWS)

# --- what the targets above stand on ---

# Makes .venv, or makes it anew where it is broken or was interrupted; a marker lies in it until it is complete.
venv:
	@if [ -e .venv ] && { [ -e .venv/unfinished ] || ! $(PY) -c 'import pip' 2>/dev/null; }; then rm -rf .venv; fi
	@if [ ! -e .venv ]; then \
	  for python in "$$PYTHON" python3 python3.14 python3.13 python3.12 python3.11; do \
	    if [ -n "$$python" ] && "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then echo "Python 3.11 or newer was not found: install it, or set PYTHON to its path." >&2; exit 1; fi; \
	  if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
	    if $(IS_DEBIAN_ROOT); then $(APT) update && $(APT) install --no-install-recommends python3-venv || exit 1; \
	    else echo "Python cannot make a virtual environment: install its package python3-venv." >&2; exit 1; fi; \
	  fi; \
	  mkdir .venv && touch .venv/unfinished && "$$found" -m venv .venv || exit 1; \
	fi
	@if ! cmp -s requirements.txt .venv/has-requirements; then \
	  echo "Installing what the portal needs …"; touch .venv/unfinished; \
	  $(PY) -m pip install -q -r requirements.txt || exit 1; \
	  cp requirements.txt .venv/has-requirements; \
	fi
	@rm -f .venv/unfinished

venv-dev: venv
	@if ! cat requirements.txt requirements-dev.txt | cmp -s - .venv/has-requirements-dev; then \
	  echo "Installing what tests and lint need …"; touch .venv/unfinished; \
	  $(PY) -m pip install -q -r requirements-dev.txt || exit 1; \
	  cat requirements.txt requirements-dev.txt > .venv/has-requirements-dev; rm -f .venv/unfinished; \
	fi

# What comes from the system: a PostgreSQL server and a Chromium.
system: venv
	@missing=; wanted=; \
	if ! $(PY) tests/postgres.py --check 2>/dev/null; then missing="a PostgreSQL server"; wanted="postgresql"; fi; \
	if [ -z "`$(FIND_CHROMIUM)`" ]; then missing="$${missing:+$$missing and }Chromium or Chrome"; wanted="$${wanted:+$$wanted }chromium"; fi; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if ! { $(IS_DEBIAN_ROOT); }; then \
	  echo "make test needs $$missing, which this machine does not have: install the packages $$wanted." >&2; exit 1; \
	fi; \
	$(APT) update && $(APT) install --no-install-recommends $$wanted || exit 1; \
	case "$$wanted" in *chromium*) $(APT) install --no-install-recommends fonts-liberation fonts-noto-core || true;; esac

# Every target works on a fresh clone: it makes .venv from the hashed lock first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed-$(shell cat requirements/dev.lock | cksum | cut -d' ' -f1)
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
           --generate-hashes --no-emit-index-url --no-header

SEEDS ?= 10
CASES ?= 300

.DEFAULT_GOAL := help
.PHONY: help install run demo test test-browser test-import test-mail chaos desk groups screenshots mutants rehearse bench check \
        stop lock sbom fmt

#: Begin
help: ## Show the targets
	@awk -F ':.*## ' '/^#: /{printf "\n%s\n", substr($$0, 4)} /^[a-z-]+:.*## /{printf "  %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## Create .venv from the lock file

$(STAMP):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one: make PYTHON=/path/to/python3.11 install"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@rm -f $(VENV)/.installed-* && touch $@

#: See it work
run: install ## Serve the console with workers and live demo bookings, until Ctrl-C
	@$(BIN)/python manage.py run

demo: install ## Assign two evenings' bookings and print the result; ends by itself
	@$(BIN)/python manage.py demo

#: Prove it
test: install ## Run the tests on the real servers, all but those in a browser
	$(BIN)/python -m pytest -n 2 --ignore=tests/browser
	@echo "Left out: the tests in a browser (make test-browser; they need Chromium)."

test-browser: install ## Run the tests in a browser (needs Chromium: apt-get install chromium)
	$(BIN)/python -m pytest -n 2 tests/browser

#: Prove it under faults and at scale
chaos: install ## Break workers and servers on purpose, each fault with SEEDS seeds (10), and audit
	CHAOS_SEEDS=$(SEEDS) $(BIN)/python -m pytest tests/chaos tests/stateful

desk: install ## Two people resolve CASES (300) cases at the desk while the workers go on; audited each time
	CHAOS_SEEDS=1 DESK_CASES=$(CASES) $(BIN)/python -m pytest tests/chaos/test_desk.py

test-import: install ## Import 100,000 rows, twice over
	IMPORT_ROWS=100000 $(BIN)/python -m pytest --timeout 3600 tests/integration/bookings/imports/test_scale.py

test-mail: install ## Confirm 1,000 bookings while workers are killed: one mail each, counted at a real SMTP server
	CHAOS_SEEDS=1 $(BIN)/python -m pytest tests/chaos/test_mail.py

groups: install ## Three worker groups share 2,000 bookings; one is killed; audited
	CHAOS_SEEDS=1 WORKER_GROUP_BOOKINGS=2000 $(BIN)/python -m pytest tests/chaos/test_worker_groups.py

#: Show and measure it
screenshots: install ## Take the pictures of README and handbooks anew (needs Chromium)
	@$(BIN)/python manage.py screenshots

mutants: install ## Remove one protection after the other from a copy; each time a test must fail
	$(BIN)/python -m tests.mutants

rehearse: install ## Rehearse the whole rollout with its evidence, in minutes
	@$(BIN)/python manage.py rehearse_rollout

bench: install ## Measure everything on this machine; one table with targets, PASS or MISS
	@$(BIN)/python manage.py bench all

#: Keep it in order
check: install ## Format, types, layers, templates, migrations, image, deployment settings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	git ls-files -z -- 'templates/*.html' | xargs -0r $(BIN)/djade --target-version 5.2 --check
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/hadolint deploy/Dockerfile
	tests/check_deploy.sh

stop: ## Stop the embedded servers of this clone
	@if test -x $(BIN)/python; then $(BIN)/python manage.py services stop; fi

lock: ## Resolve requirements/*.lock anew
	$(BIN)/uv --version >/dev/null
	$(COMPILE) pyproject.toml --output-file requirements/base.lock
	$(COMPILE) pyproject.toml --group dev --constraint requirements/base.lock --output-file requirements/dev.lock

sbom: ## Write sbom.json: what a deployment installs, from the lock file, in CycloneDX's form
	$(PYTHON) deploy/sbom.py >sbom.json

fmt: ## Format the code
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .
	git ls-files -z -- 'templates/*.html' | xargs -0r $(BIN)/djade --target-version 5.2

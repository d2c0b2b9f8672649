# What one does with the platform on one machine; `make help` lists it.
.DEFAULT_GOAL := help
.PHONY: help install demo up up-servers down status test check faults bench deadline images screenshots lock

LOCAL := python3 -m deploy.local
PYTHON := .venv/bin/python
SERVICES := intake validation review certificate notify
CONTAINERS ?= $(shell command -v podman || command -v docker)

help: ## show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

install: ## fetch and build what is missing, start nothing
	@$(LOCAL) install --tests

demo: up ## start everything, play the whole campaign, leave it running
	@set -a; . var/stack.env; set +a; $(PYTHON) -m zhengji play

up: ## start the servers, the five services and the door
	@$(LOCAL) up

up-servers: ## start MongoDB, Kafka, MinIO and the mail server only
	@$(LOCAL) servers

down: ## stop what was started from here, and nothing else
	@$(LOCAL) down

status: ## say what runs
	@$(LOCAL) status

test: ## run every test, the real servers included, in a stack of its own
	@.ci/test $(TESTS)

check: ## lint, types and the walls between the rooms
	@$(PYTHON) -c '' 2>/dev/null || $(LOCAL) install
	@failed=; for tool in "$(PYTHON) -m ruff check ." "$(PYTHON) -m ruff format --check ." "$(PYTHON) -m mypy" .venv/bin/lint-imports; do \
		echo "$$tool"; $$tool || failed=1; \
	done; test -z "$$failed"

faults: ## break a cluster of three under load: make faults SEED=1 MINUTES=20
	@$(LOCAL) install --tests
	@$(PYTHON) -m tests.faults --seed $(or $(SEED),1) --minutes $(or $(MINUTES),20)

bench: ## print the measured ratios
	@ZHENGJI_VAR=var/bench $(LOCAL) servers
	@set -a; . var/bench/stack.env; . var/bench/env/intake.env; set +a; $(PYTHON) -m bench; \
		ended=$$?; ZHENGJI_VAR=var/bench $(LOCAL) down --remove; exit $$ended

deadline: ## replay the last hours before the bell at 1 and 1.5 times what this machine bears
	@$(LOCAL) install --tests
	@$(PYTHON) -m bench.deadline

images: ## build one image a service, with podman or docker
	@test -n "$(CONTAINERS)" || { echo "Neither podman nor docker is installed; images need one of them." >&2; exit 1; }
	@for service in $(SERVICES); do \
		$(CONTAINERS) build --build-arg SERVICE=$$service -f deploy/images/Containerfile -t zhengji-$$service . || exit 1; \
	done

screenshots: install up-servers ## make the pictures of the pages again, into build/screenshots
	@set -a; . var/stack.env; set +a; ZHENGJI_SHOTS=build/screenshots/centre \
		$(PYTHON) -m pytest -q tests/browser/test_journey.py tests/review/test_centre_in_browser.py
	@$(PYTHON) -m tests.browser.take_screenshots build/screenshots/patterns

lock: ## write requirements/*.lock from the dependency groups
	@requirements/lock

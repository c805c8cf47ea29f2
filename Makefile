# `make help` lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
DENY_VERSION := 0.20.2
TOOLS := target/tools

ENVIRONMENTS := target/venv
# The step and other functions, one crate each.
FUNCTIONS := $(notdir $(patsubst %/,%,$(wildcard functions/*/)))
STAGE ?= dev

.PHONY: help check format lint docs policy test definitions contributing drill faults bench
.PHONY: validate build deploy stack-build stack-up stack-down e2e

help: ## Lists the targets.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

check: format lint docs policy ## Format, lints, documentation, dependency policy.

format:
	$(CARGO) fmt --all --check

lint:
	$(CARGO) clippy --workspace --all-targets -- -D warnings

docs:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --document-private-items --quiet

policy: $(TOOLS)/bin/cargo-deny
	$(TOOLS)/bin/cargo-deny --log-level error check bans licenses sources

$(TOOLS)/bin/cargo-deny:
	$(CARGO) install cargo-deny --version $(DENY_VERSION) --locked --root $(TOOLS) --target-dir $(TOOLS)/build --quiet
	rm -rf $(TOOLS)/build

test: check definitions contributing ## Everything that must hold before a change lands.
	$(CARGO) test --workspace --exclude holdfast-stack-tests --lib --bins --tests --no-fail-fast 2>&1 | tee target/test.log
	$(MAKE) --no-print-directory e2e STAGE=local 2>&1 | tee -a target/test.log
	@awk '/^test result:/ { passed += $$4; failed += $$6; ignored += $$8 } \
	  END { print passed " passed, " failed " failed, " ignored " skipped" }' target/test.log

contributing: ## Executes CONTRIBUTING's "Add a step" in a copy of the tree.
	scripts/try-add-step

definitions: ## Checks and tests the packs that come with Holdfast.
	$(CARGO) run --quiet -- check workflows/dental
	$(CARGO) run --quiet -- test workflows/dental

drill: ## Does everything in docs/runbook.md; a line for each section.
	$(CARGO) test --quiet -p holdfast --test runbook -- --nocapture every_section

faults: ## The long versions: more kills, larger models, more schedules.
	HOLDFAST_KILLS=200 HOLDFAST_MODEL=large HOLDFAST_SCHEDULES=10000 HOLDFAST_REDRIVES=10000 $(CARGO) test --profile faults -p holdfast-tests --no-fail-fast -- --nocapture
	HOLDFAST_REDRIVES=10000 $(CARGO) test --profile faults -p holdfast --test many -- --nocapture

bench: ## Measures against the budgets.
	$(CARGO) bench -p holdfast-tests --bench store
	$(CARGO) bench -p holdfast-tests --bench executions

validate: $(ENVIRONMENTS)/sam/installed ## Checks the template.
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 $(ENVIRONMENTS)/sam/bin/sam validate --lint
	$(ENVIRONMENTS)/sam/bin/cfn-lint template.yaml infra/*.yaml

deploy: $(ENVIRONMENTS)/sam/installed ## Deploys what was built: make deploy STAGE=dev.
	scripts/deploy $(STAGE)

stack-up: ## Starts the local AWS stack and deploys to it.
	scripts/stack up

stack-down: ## Stops the local AWS stack.
	scripts/stack down

e2e: ## Contract suite and stories on a local stack of its own; on AWS: make e2e STAGE=dev.
	scripts/e2e $(if $(filter file,$(origin STAGE)),local,$(STAGE))

stack-build:
	$(CARGO) build --workspace --bins
	@for name in $(FUNCTIONS); do \
	  mkdir -p target/lambda/$$name; \
	  strip -o target/lambda/$$name/bootstrap target/debug/holdfast-$$name; \
	done

# Python environments with the versions of infra/requirements. They cannot share one.
$(ENVIRONMENTS)/%/installed: infra/requirements/%.txt
	python3 -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

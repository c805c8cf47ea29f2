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
PACKAGES := $(FUNCTIONS:%=-p holdfast-%) --bins
# No build downloads a toolchain: it is for arm64 if Rust can do that here.
ARCHITECTURE ?= $(if $(wildcard $(shell rustc --print target-libdir --target aarch64-unknown-linux-gnu)),arm64,x86_64)
STAGE ?= dev

.PHONY: help check format lint docs policy test definitions contributing drill faults bench
.PHONY: advisories validate build deploy stack-build stack-up stack-down e2e

help: ## Lists the targets.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

check: format lint docs policy validate ## Format, lints, documentation, dependency policy, template.

format:
	$(CARGO) fmt --all --check

lint:
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) clippy --workspace --all-targets --features holdfast/aws -- -D warnings

docs:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --document-private-items --quiet

policy: $(TOOLS)/bin/cargo-deny
	$(TOOLS)/bin/cargo-deny --log-level error check bans licenses sources

advisories: $(TOOLS)/bin/cargo-deny ## Known holes in dependencies; needs the network.
	$(TOOLS)/bin/cargo-deny --log-level error check advisories

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
	$(CARGO) build --quiet --workspace --bin holdfast
	target/debug/holdfast check workflows/dental
	target/debug/holdfast test workflows/dental

drill: ## Does everything in docs/runbook.md; a line for each section.
	$(CARGO) test --quiet -p holdfast --test runbook -- --nocapture every_section

faults: ## The long versions: more kills, larger models, more schedules.
	HOLDFAST_KILLS=200 HOLDFAST_MUTATIONS=2000 HOLDFAST_MODEL=large HOLDFAST_SCHEDULES=10000 HOLDFAST_REDRIVES=10000 $(CARGO) test --profile faults -p holdfast-tests --no-fail-fast -- --nocapture
	HOLDFAST_REDRIVES=10000 $(CARGO) test --profile faults -p holdfast --test many -- --nocapture

bench: ## Measures against the budgets.
	$(CARGO) bench -p holdfast-tests --bench store
	$(CARGO) bench -p holdfast-tests --bench executions
	$(CARGO) bench -p holdfast-tests --bench import
	$(CARGO) bench -p holdfast-tests --bench contacts

validate: $(ENVIRONMENTS)/sam/installed ## Checks the template.
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 $(ENVIRONMENTS)/sam/bin/sam validate --lint
	$(ENVIRONMENTS)/sam/bin/cfn-lint template.yaml infra/*.yaml

build: $(ENVIRONMENTS)/lambda/installed ## Builds the functions for AWS.
	@test $(ARCHITECTURE) = arm64 || echo "building for x86_64; for arm64: rustup target add aarch64-unknown-linux-gnu"
	PATH="$(CURDIR)/$(ENVIRONMENTS)/lambda/bin:$$PATH" RUSTUP=/bin/false $(CARGO) lambda build --profile function \
	  --$(subst _,-,$(ARCHITECTURE)) --skip-target-check --lambda-dir target/function/lambda $(PACKAGES)
	$(call place,cp target/function/lambda/holdfast-$$name/bootstrap)

deploy: $(ENVIRONMENTS)/sam/installed ## Deploys what was built: make deploy STAGE=dev.
	scripts/deploy $(STAGE) $(OPTIONS)

stack-up: ## Builds for this machine, starts the local AWS stack and deploys to it.
	scripts/stack up

stack-down: ## Stops the local AWS stack.
	scripts/stack down

e2e: ## Contract suite and stories on a local stack of its own; on AWS: make e2e STAGE=dev.
	scripts/e2e $(if $(filter file,$(origin STAGE)),local,$(STAGE))

stack-build:
	$(CARGO) build --workspace --bins --features holdfast/aws
	@mkdir -p target/stack && cp --remove-destination target/debug/holdfast target/stack/holdfast
	$(call place,objcopy --strip-all target/debug/holdfast-$$name)

# Puts each function's binary where the template looks for it.
define place
	@for name in $(FUNCTIONS); do \
	  mkdir -p target/lambda/$$name && $(1) target/lambda/$$name/bootstrap || exit 1; \
	done
endef

# Python environments with the versions of infra/requirements. They cannot share one.
$(ENVIRONMENTS)/%/installed: infra/requirements/%.txt
	python3 -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

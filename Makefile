SHELL := /bin/bash
with_tools := . scripts/env.sh &&

.PHONY: help run test dev lint bench soak fuzz audit setup clean

help: ## Say what can be made
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

run: ## Build in release and start the server and a local sensor
	@scripts/setup.sh build
	@$(with_tools) scripts/build.sh
	@scripts/run.sh

test: ## Run every test there is
	@scripts/test.sh

dev: ## Serve the console, built anew at each change
	@scripts/setup.sh build
	@$(with_tools) LEPTOS_ENV=DEV cargo leptos watch --split -- serve

lint: ## Check formatting, lints, licences
	@scripts/setup.sh test
	@scripts/lint.sh

bench: ## Measure, and print ratios
	@scripts/setup.sh test
	@scripts/bench.sh

soak: ## Kill sensor, server and engine in 200 rounds; run honeypots of others
	@scripts/setup.sh test
	@scripts/soak.sh

fuzz: ## Throw bytes at every parser, five minutes each
	@scripts/setup.sh test
	@scripts/fuzz.sh

audit: ## Look for known vulnerabilities of dependencies; needs the network
	@scripts/setup.sh test
	@$(with_tools) cargo deny check advisories

setup: ## Install what is missing to build and test
	@scripts/setup.sh test

clean: ## Remove what was built; data stays
	@$(with_tools) cargo clean
	@rm -rf end2end/node_modules end2end/test-results end2end/shots

# Causeway's targets. Each does all its own set-up; the insides are the scripts in tools/.
#
# Variables: PHP and PHP_CONFIG (the PHP to build for; default: php and php-config on the path),
# PROFILE (release; quick compiles in a fraction of the time), MODE (of the demo: php, drupal or
# all), ROUNDS and ONLY (of benchmark and proofs), DRUPAL_ROOT, TRIXIE_ROOT, CARGO_TARGET_DIR.

PROFILE ?= release
MODE ?= all

.DEFAULT_GOAL := help
.PHONY: help setup build test demo bench proof proof-kills leak sdk fuzz lint clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

setup: ## install what is needed, or list what is missing
	@tools/setup

build: setup ## the extension, at build/causeway.so
	@tools/build --profile $(PROFILE)

test: build ## Rust tests, PHPUnit, and the module's kernel tests where there is a Drupal
	@tools/test

demo: build ## the drill against simulated vendors (MODE=php|drupal|all)
	@tools/demo $(MODE)

bench: build ## against the peers: build/bench.json and .html (ROUNDS=5 ONLY=get-2k for a short run)
	@tools/bench $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(ONLY),--only '$(ONLY)')

proof: build ## what holds under load: forks, reloads, storms, throttles, leaks (ONLY=storm; many minutes)
	@tools/proof $(if $(ONLY),--only '$(ONLY)')

proof-kills: build ## 1,000 workers killed with -9: nothing is lost, nothing is done twice
	@tools/proof --only kills

leak: build ## 1,000,000 calls in one process and 100,000 pages: nothing grows
	@tools/proof --only 'leak-*'

sdk: build ## the vendors' own SDKs (npm) as signers and judges of the webhook schemes
	@tools/sdk

fuzz: ## the parsers under libFuzzer, on the stable toolchain (SECONDS=60 for each target)
	@tools/fuzz run $(or $(SECONDS),60)

lint: build ## formatting, clippy, stub drift, PHP syntax and static analysis
	@tools/lint

clean: ## remove what was built, and vendor/
	@rm -rf build target target-php8.4 vendor composer.lock

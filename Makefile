# make: lists the targets. Each target's text is the comment behind its name.

PREFIX ?= /usr/local
DESTDIR ?=
CARGO ?= cargo
CARGO_TARGET_DIR ?= target

.PHONY: help build install setup test lint spec demo bench fuzz test-otp clean

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## builds relboot and relboot-helper, both static
	$(CARGO) build --release --locked

install: build ## installs both programs into $DESTDIR$PREFIX/bin
	install -d "$(DESTDIR)$(PREFIX)/bin"
	release="$(CARGO_TARGET_DIR)/$$(rustc --print host-tuple)/release" && \
	install -m 755 "$$release/relboot" "$$release/relboot-helper" "$(DESTDIR)$(PREFIX)/bin/"

setup: ## installs what the tests need, or says what to install
	sh scripts/setup.sh

# The tests come last: their summary is what one wants to see at the end of a log.
test: setup ## runs everything: format, lint, specs, tests
	$(CARGO) fmt --check
	$(MAKE) --no-print-directory lint spec
	$(CARGO) test --locked

lint: ## clippy, shellcheck and shfmt
	$(CARGO) clippy --all-targets --locked -- -D warnings
	sh scripts/lint.sh

spec: ## runs the specs of the scripts under each shell, by ShellSpec
	sh scripts/spec.sh

demo: setup build ## shows it all on a release that it builds: kit, start, upgrade, stop
	sh scripts/demo.sh

bench: setup build ## measures what commands cost, beside relx, mix and erl_call
	python3 -B bench/run.py

test-otp: setup ## runs the kit on OTP 23, 25, 27 and 29, as root: OTP="25 27" LEGS="short tls"
	sh scripts/test-otp.sh

fuzz: ## fuzzes the node client, templates, .src files and terms, each target for FUZZ_SECONDS (600), by cargo-fuzz
	sh scripts/fuzz.sh

clean: ## removes what was built, releases of the tests too
	$(CARGO) clean

# Two commands matter: `make demo` and `make test`. Each sets up what it needs.
.PHONY: help demo run test test-long bench lint fuzz doc

help:
	@echo 'make demo       three callers are heard, understood and put through, in front of your eyes'
	@echo 'make run        keep the desk open; connect your own telephone'
	@echo 'make test       everything that must hold (also what CI runs)'
	@echo 'make test-long  the same with more seeds, longer fuzzing and a longer soak'
	@echo 'make bench      the figures of the README'
	@echo 'make lint       format, clippy, and cargo deny where it is installed'

demo:
	@scripts/setup run
	cargo build --release --package frontdesk
	target/release/frontdesk demo --folder target/demo

run:
	@scripts/setup run
	cargo build --release --package frontdesk
	target/release/frontdesk serve --config sip-config/frontdesk.toml

test:
	@scripts/setup test
	@scripts/test short

test-long:
	@scripts/setup test
	@scripts/test long

bench:
	@scripts/setup test
	cargo build --release --package frontdesk
	cargo bench --package frontdesk-benches

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	@if command -v cargo-deny >/dev/null; then cargo deny check; else echo 'cargo-deny is not installed; the licences are held by tests/architecture.rs'; fi

fuzz:
	@scripts/fuzz 60

doc:
	cargo doc --workspace --no-deps

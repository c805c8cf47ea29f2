.PHONY: check test
check:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
test: check
	cargo test --workspace

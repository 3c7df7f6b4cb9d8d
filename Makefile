# Two commands matter: `make demo` and `make test`.

.PHONY: demo test kill-test build system bench-customers bench-service bench-queue power-loss-test fuzz sample-data clean

RUN_DIR ?= certonboard-runs/demo
# avatax or certcapture
SERVICE ?= avatax

system:
	@scripts/install-system-packages.sh

build: system
	cargo build --locked --release

# The main job on the sample data, with no question asked, against the practice service. Exit code 3 means that something waits for a
# person: the sample data has papers that a person must look at, so here it is the right end.
demo: build
	@rm -rf $(RUN_DIR)
	@target/release/certonboard run --sandbox --service $(SERVICE) --non-interactive --answers sample_data/answers.yaml --run-dir $(RUN_DIR) --today 2026-11-20; \
	code=$$?; if [ $$code -ne 0 ] && [ $$code -ne 3 ]; then exit $$code; fi

test:
	@scripts/install-system-packages.sh tests
	@scripts/install-mcp-clients.sh
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	cargo test --locked --lib --bins --tests

# A run killed at a hundred moments, against a service that fails in every way. Takes about half an hour.
kill-test:
	@scripts/install-system-packages.sh tests
	cargo test --locked --test cli -- --ignored --nocapture killed_at_a_hundred

# Customer lists against bare loops over the same files; docs/performance.md has the figures. Takes some minutes.
bench-customers:
	cargo bench --locked --bench customers

# The journal after a power loss, its log cut at every single byte. Takes some minutes.
power-loss-test:
	cargo test --locked --test power_loss -- --ignored --nocapture

# The way to the service: calls in flight, a limited service, the journal, planning. Takes about ten minutes.
bench-service:
	cargo bench --locked --bench service

# Reading by a queue with two workers against reading here with two threads. Takes some minutes.
bench-queue: build
	@scripts/install-system-packages.sh tests
	scripts/bench-queue.py target/release/certonboard

# Any bytes and any cells as a customer list, any bytes as a scan, any words as a page: ten minutes each. Needs cargo-fuzz
# (cargo install cargo-fuzz).
FUZZ_SECONDS ?= 600
fuzz:
	cargo fuzz run --sanitizer none customer_file -- -max_total_time=$(FUZZ_SECONDS) -max_len=4096
	cargo fuzz run --sanitizer none customer_cells -- -max_total_time=$(FUZZ_SECONDS) -max_len=4096
	@mkdir -p fuzz/corpus/scan_file
	cargo fuzz run --sanitizer none scan_file fuzz/corpus/scan_file sample_data/certificates -- -max_total_time=$(FUZZ_SECONDS)
	cargo fuzz run --sanitizer none page_words -- -max_total_time=$(FUZZ_SECONDS) -max_len=4096

# Draws the sample data anew; the result is the same every time.
sample-data:
	python3 -m pip install -q -r sample_data/requirements.txt
	python3 sample_data/make_sample_data.py

clean:
	cargo clean
	rm -rf certonboard-runs

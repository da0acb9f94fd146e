#!/usr/bin/env bash
# Measures, and prints ratios: ingest against direct insertion on both databases, memory, transfer of a first
# visit, attack to screen, and a roll-out against docker pull and docker run by hand.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

scripts/build.sh
cargo build --release -p skep-bench
target/release/skep-bench ingest --engine sqlite
scripts/postgres.sh target/release/skep-bench ingest --engine postgres
scripts/engine.sh target/release/skep-bench roll-out
npm test --silent --prefix end2end -- --project measurements --no-deps

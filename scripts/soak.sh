#!/usr/bin/env bash
# The rounds in which sensor, server and container engine are killed, many times over: that nothing is lost, on both
# databases, and that roll-outs arrive. Then honeypots of others, in containers.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

export SKEP_SOAK_ROUNDS="${SKEP_SOAK_ROUNDS:-200}"
# shellcheck disable=SC2086 # a list of words
cargo build $SKEP_HOST_BUILD --bins
# Beside the engine there is no way to a registry.
# shellcheck disable=SC2086
cargo test $SKEP_HOST_BUILD --test nothing_lost --test roll_outs --no-run
# shellcheck disable=SC2086
scripts/engine.sh scripts/postgres.sh cargo test $SKEP_HOST_BUILD --test nothing_lost --test roll_outs -- --nocapture
scripts/upstream.sh

#!/usr/bin/env bash
# The rounds in which sensor and server are killed, many times over, on both databases.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

export SKEP_SOAK_ROUNDS="${SKEP_SOAK_ROUNDS:-200}"
# shellcheck disable=SC2086 # a list of words
cargo build $SKEP_HOST_BUILD --bins
# shellcheck disable=SC2086
scripts/postgres.sh cargo test $SKEP_HOST_BUILD --test nothing_lost -- --nocapture

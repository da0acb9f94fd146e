#!/usr/bin/env bash
# Formatting, lints of both halves, licences and origins of dependencies, types of the browser tests.
# Sourced by test.sh, which runs the same stages.
lint_stages() {
  stage "formatting" cargo fmt --all --check
  # shellcheck disable=SC2086 # a list of words
  stage "lints, server and sensor" cargo clippy --quiet $SKEP_HOST_LINT --all-targets -- -D warnings
  stage "lints, browser" cargo clippy --quiet -p frontend -p skep-app --target wasm32-unknown-unknown -- -D warnings
  stage "licences, bans, sources" cargo deny --log-level error check bans licenses sources
  stage "types of the browser tests" npm run --silent --prefix end2end types
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  set -euo pipefail
  cd "$(dirname "$0")/.."
  . scripts/env.sh
  . scripts/stage.sh
  trap 'printf "\n%s" "$stages"' EXIT
  lint_stages
fi

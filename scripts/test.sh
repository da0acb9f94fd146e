#!/usr/bin/env bash
# Every test there is, stage by stage. The last line is `N passed, N failed`; a skipped test fails the run.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh
. scripts/stage.sh
. scripts/lint.sh

reports=target/test
rust="$reports/rust.log"
api="$reports/api.log"
browser="$reports/browser.log"
mkdir -p "$reports"
rm -f "$reports"/*
touch "$rust" "$api" "$browser"

# Nobody edits between two builds in CI, so that incremental compilation would only cost time and disk.
if [ -n "${CI:-}" ]; then export CARGO_INCREMENTAL=0; fi

# count FILE WORD: the sum of the numbers before a word in the runner's summaries.
count() {
  { grep -E '^(test result:|schemathesis:|playwright:)' "$1" || true; } | { grep -oE "[0-9]+ $2" || true; } | awk '{ sum += $1 } END { print sum + 0 }'
}

summary() {
  local code=$? passed failed
  passed=$(($(count "$rust" passed) + $(count "$api" passed) + $(count "$browser" passed)))
  failed=$(($(count "$rust" failed) + $(count "$api" failed) + $(count "$browser" failed)))
  {
    printf '\nseconds per stage\n%s\n' "$stages"
    grep -E '^test result:' "$rust" | grep -v ' 0 passed; 0 failed; 0 ignored' || true
    grep -hE '^(schemathesis|playwright):' "$api" "$browser" || true
    if [ "$code" != 0 ] && [ "$failed" = 0 ]; then echo "FAILED in a stage that counts no tests, see above"; fi
    echo "$passed passed, $failed failed"
  } | tee "$reports/summary"
}
trap summary EXIT

rust_tests() {
  # The tests that kill sensor and server start both programs; Cargo would build only the one under test.
  # All is built before the engine starts: beside it there is no way to a registry.
  # shellcheck disable=SC2086 # a list of words
  cargo build $SKEP_HOST_BUILD --bins &&
    cargo test $SKEP_HOST_BUILD --no-run &&
    scripts/engine.sh scripts/postgres.sh cargo test $SKEP_HOST_BUILD --no-fail-fast 2>&1 | tee "$rust" &&
    none_skipped "$rust" ignored
}

api_tests() {
  scripts/api-test.sh 2>&1 | tee "$api"
}

browser_tests() {
  scripts/engine.sh npm test --silent --prefix end2end 2>&1 | tee "$browser" && none_skipped "$browser" skipped
}

# A runner that fails without a word must not look like success, nor one that left tests out.
none_skipped() {
  if [ "$(count "$1" "$2")" != 0 ]; then echo "skipped tests fail the run"; return 1; fi
  if [ "$(count "$1" passed)" = 0 ]; then echo "no test ran"; return 1; fi
}

stage "set-up" scripts/setup.sh test
lint_stages
stage "tests of the crates, SQLite and PostgreSQL" rust_tests
stage "fuzzing, five seconds each" scripts/fuzz.sh 5
stage "release build" scripts/build.sh
stage "the API against its description" api_tests
stage "end to end in Chromium" browser_tests

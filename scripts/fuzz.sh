#!/usr/bin/env bash
# Fuzzes every target for so many seconds (300): `fuzz.sh [seconds] [target...]`. As many at once as there are cores. Fails at the first crash.
# What is found stays in target/fuzz/corpus; the committed inputs are only read.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

seconds="${1:-300}"
wanted=("${@:2}")
target="$PWD/target/fuzz"
built="$target/$(rustc -vV | sed -n 's/^host: //p')/release"

build() {
  local folder
  for folder in crates/*/fuzz; do
    # Without a sanitizer: they find errors of memory, which our own code cannot make, because it has no `unsafe`.
    # Lightly optimised and without debug information, because building takes longer than some seconds of fuzzing.
    CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_INCREMENTAL=0 RUSTFLAGS=-Cdebuginfo=0 \
      cargo fuzz build --fuzz-dir "$folder" --sanitizer none --codegen-units 16 --target-dir "$target" \
      >"$target/build.log" 2>&1 || { cat "$target/build.log"; return 1; }
  done
}

# figure LOG NAME: the last number after that name in a log of libFuzzer's.
figure() {
  sed -n "s|.*$2: *\([0-9]*\).*|\1|p" "$1" | tail -n 1
}

# run NAME FOLDER
run() {
  local name="$1" found="$target/corpus/$1" crashes="$target/crashes" log="$target/log/$1" result=0
  mkdir -p "$found" "$crashes"
  "$built/$name" "$found" "$2/corpus/$name" -max_total_time="$seconds" -timeout=25 -rss_limit_mb=2048 \
    -artifact_prefix="$crashes/$name-" -print_final_stats=1 >"$log" 2>&1 || result=$?
  if [ "$result" != 0 ]; then
    tail -n 60 "$log"
    printf '\nfuzzing %s failed; run the input above again with: %s FILE\n' "$name" "$built/$name"
    return 1
  fi
  printf '%-12s %10s %8s %8s %9s\n' "$name" "$(figure "$log" number_of_executed_units)" \
    "$(figure "$log" average_exec_per_sec)" "$(figure "$log" corp)" "$(figure "$log" ft)"
}

declare -A folders
for folder in crates/*/fuzz; do
  for name in $(cargo fuzz list --fuzz-dir "$folder"); do folders["$name"]="$folder"; done
done
if [ ${#wanted[@]} = 0 ]; then mapfile -t wanted < <(printf '%s\n' "${!folders[@]}" | sort); fi
for name in "${wanted[@]}"; do
  [ -n "${folders[$name]:-}" ] || { echo "there is no target $name; there are: ${!folders[*]}"; exit 1; }
done

mkdir -p "$target/log"
build
printf '%-12s %10s %8s %8s %9s\n' target runs runs/s inputs features
# A target keeps one core busy.
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
for ((at = 0; at < ${#wanted[@]}; at++)); do
  if [ "$at" -ge "$(nproc)" ]; then wait -n; fi
  run "${wanted[$at]}" "${folders[${wanted[$at]}]}" &
done
while [ -n "$(jobs -p)" ]; do wait -n; done

#!/usr/bin/env bash
# Images in a store that speaks S3: the registry's test with moto, which imitates Amazon's and takes any key.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

port=${SKEP_S3_PORT:-5055}
folder="$(mktemp -d)"
server=
trap 'if [ -n "$server" ]; then kill "$server"; fi; rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet 'moto[server]>=5,<6'
"$folder/bin/moto_server" -H 127.0.0.1 -p "$port" >"$folder/log" 2>&1 &
server=$!

export SKEP_TEST_S3="http://127.0.0.1:$port"
made() { curl -fs -o "$folder/answer" -X PUT "$SKEP_TEST_S3/skep"; }
for _ in $(seq 100); do
  if made; then break; fi
  sleep 0.2
done
made || { cat "$folder/log" >&2; exit 1; }
cargo test -p skep-registry --features test-s3 --test s3

#!/usr/bin/env bash
# Builds what runs, in release: the server with its browser half, and the sensor.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

cargo leptos build --release --split --precompress
cargo build --release -p skep-sensor
node scripts/licences.mjs target/site/licences.txt

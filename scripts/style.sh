#!/usr/bin/env bash
# Puts the style sheet's files together, in the order in which style/main.css names them: cargo-leptos takes one file.
set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p target/style
sed -n 's|^@import "\(.*\)";$|style/\1|p' style/main.css | xargs cat >target/style/main.css.new
# An unchanged file keeps its time, so that nothing is built for it.
if cmp -s target/style/main.css.new target/style/main.css; then
  rm target/style/main.css.new
else
  mv target/style/main.css.new target/style/main.css
fi

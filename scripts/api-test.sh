#!/usr/bin/env bash
# Lets schemathesis ask a real server for all that its OpenAPI document describes, in good and bad ways.
# Ends on a line `schemathesis: N passed, N failed`, counted in operations.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

folder="$(mktemp -d /tmp/skep-api.XXXXXX)"
server='' sensor=''
stop() {
  for pid in $sensor $server; do kill "$pid" 2>/dev/null && wait "$pid" || true; done
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT TERM HUP

taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
# Below the ports that the kernel hands out, so that nobody gets one between this look and the start.
port=$((20000 + RANDOM % 12000))
free_port() {
  port=$((port + 1))
  while taken "$port"; do port=$((port + 1)); done
}
free_port; export SKEP_LISTEN="127.0.0.1:$port"
free_port; export SKEP_LISTEN_TLS="127.0.0.1:$port"
ports=''
for service in ssh telnet http https ftp smtp catch-all; do
  free_port; ports+="$service=$port,"
done
honeypot=$port
export SKEP_DATA="$folder/data" SKEP_DEFAULT_PORTS="${ports%,}"
SKEP_ADMIN_PASSWORD="$(od -An -N16 -tx1 /dev/urandom | tr -d ' ')"
export SKEP_ADMIN_PASSWORD

wait_for() { # WHAT COMMAND...
  for ((tenths = 0; tenths < 300; tenths++)); do
    if "${@:2}" >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  cat "$folder"/*.log >&2
  echo "api-test: $1 did not come within 30 seconds; the logs are above" >&2
  exit 1
}
api() { curl --silent --fail --noproxy '*' -H "Authorization: Bearer $SKEP_TOKEN" "http://$SKEP_LISTEN/api/v1$1"; }

target/debug/skep-server serve >"$folder/server.log" 2>&1 &
server=$!
wait_for "the server" curl --silent --fail --noproxy '*' "http://$SKEP_LISTEN/healthz"
SKEP_TOKEN="$(target/debug/skep-server token create --name schemathesis --role admin 2>/dev/null | tail -n 1)"
export SKEP_TOKEN

# A few events, so that there is something to ask for.
token="$(target/debug/skep-server local-sensor 2>/dev/null | tail -n 1)"
target/debug/skep-sensor run --server "https://$SKEP_LISTEN_TLS" --data "$folder/sensor" --user "$(id -un)" --token "$token" \
  >"$folder/sensor.log" 2>&1 &
sensor=$!
wait_for "the honeypot" taken "$honeypot"
for _ in 1 2 3; do printf 'hello\r\n' >"/dev/tcp/127.0.0.1/$honeypot"; done
has_events() { api /events | grep -q '"number"'; }
wait_for "an event" has_events

result=0
# Its proxies would be asked for this machine, too.
NO_PROXY='*' "$SKEP_TOOLS/schemathesis/bin/schemathesis" --config-file scripts/schemathesis.toml run \
  "http://$SKEP_LISTEN/api/v1/openapi.json" --checks all --max-examples "${SKEP_API_EXAMPLES:-10}" \
  >"$folder/report" 2>&1 || result=$?
cat "$folder/report"
# A server that fell over would only be slow to tell.
api /about >/dev/null || { echo "api-test: the server does not answer any more" >&2; result=1; }
if grep -q panicked "$folder/server.log"; then cat "$folder/server.log" >&2; result=1; fi
tested="$(sed -n 's/^ *Tested: *\([0-9]*\).*/\1/p' "$folder/report")"
if [ "$result" = 0 ]; then echo "schemathesis: ${tested:-0} passed, 0 failed"; else echo "schemathesis: 0 passed, 1 failed"; fi
exit "$result"

#!/usr/bin/env bash
# Starts the server and one local sensor, says where everything is, and stops both on Ctrl-C.
# The sensor is stopped first, so that the server still takes what it caught.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

export SKEP_DATA="${SKEP_DATA:-./data}"
export SKEP_LISTEN="${SKEP_LISTEN:-127.0.0.1:3000}"
export SKEP_LISTEN_TLS="${SKEP_LISTEN_TLS:-127.0.0.1:3443}"
address="http://127.0.0.1:${SKEP_LISTEN##*:}"
tls_address="https://127.0.0.1:${SKEP_LISTEN_TLS##*:}"
server_log="$SKEP_DATA/server.log"
sensor_log="$SKEP_DATA/local-sensor.log"

die() { printf 'run: %s\n' "$*" >&2; exit 1; }
taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
fetch() { curl --silent --noproxy '*' --max-time 5 "$@"; }

for setting in SKEP_LISTEN SKEP_LISTEN_TLS; do
  port="${!setting##*:}"
  if taken "$port"; then
    die "port $port is taken by another program; stop it, or choose another: $setting=127.0.0.1:$((port + 100)) make run"
  fi
done

server='' sensor=''
stop() {
  trap '' INT TERM HUP
  for pid in $sensor $server; do
    kill -INT "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
}
# A program that ended by itself has its last words in its log.
ended() {
  tail -n 20 "$2" >&2
  die "the $1 has stopped; its last words are above, all of them in $2"
}

# With job control each program is a process group of its own: Ctrl-C reaches only this script, which stops
# them in order.
set -m
trap stop EXIT
trap 'printf "\nstopping …\n"; exit 0' INT TERM HUP

# The database and the keys are for their owner alone.
umask 077
mkdir -p "$SKEP_DATA"
user=()
if [ "$(id -u)" = 0 ]; then
  # The sensor becomes `nobody`, and has to reach its own folder in there.
  chmod 711 "$SKEP_DATA"
  if ! setpriv --reuid nobody --regid nogroup --clear-groups test -x "$SKEP_DATA"; then
    printf 'run: %s is within a folder that only root can enter, so the sensor stays root\n' "$SKEP_DATA" >&2
    user=(--user root)
  fi
fi
target/release/skep-server serve >"$server_log" 2>&1 &
server=$!
for ((tenths = 0; ; tenths++)); do
  kill -0 "$server" 2>/dev/null || ended server "$server_log"
  if fetch --fail --output /dev/null "$address/healthz"; then break; fi
  [ "$tenths" -lt 600 ] || die "the server does not answer on $address after a minute; see $server_log"
  sleep 0.1
done

# One line for each honeypot, `ssh 2222/tcp`, and on the last line the token if the sensor has to enrol.
answer="$(target/release/skep-server local-sensor --data "$SKEP_DATA" 2>>"$server_log")" ||
  die "the local sensor could not be added; see $server_log"
token="$(tail -n 1 <<<"$answer")"
honeypots="$(sed '$d' <<<"$answer")"
for port in $(grep -oE '[0-9]+/tcp' <<<"$honeypots" || true); do
  if taken "${port%/tcp}"; then
    printf 'run: port %s is taken by another program; no honeypot can listen there until it is stopped\n' "${port%/tcp}" >&2
  fi
done

target/release/skep-sensor run --server "$tls_address" --data "$SKEP_DATA/local-sensor" "${user[@]}" \
  ${token:+--token "$token" --enrol-again} >"$sensor_log" 2>&1 &
sensor=$!

# Before the set-up every page leads there, afterwards to the login.
console="$(fetch --output /dev/null --write-out '%{redirect_url}' "$address/")"
ssh_port="$(sed -n 's|^ssh \([0-9]*\)/tcp.*|\1|p' <<<"$honeypots" | head -n 1)"
cat <<TEXT

  Skep runs.

  console     ${console:-$address}
  sensors     $tls_address
  data, logs  $SKEP_DATA

  honeypots on 127.0.0.1
$(sed 's/^/    /' <<<"$honeypots")

  Try it:  ssh root@127.0.0.1 -p ${ssh_port:-2222}   (password: root)
  Ctrl-C stops both.

TEXT

wait -n "$server" "$sensor" || true
kill -0 "$server" 2>/dev/null || ended server "$server_log"
ended sensor "$sensor_log"

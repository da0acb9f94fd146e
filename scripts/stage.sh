# Sourced: runs the stages of a check one after the other and says how long each took.
stages=""

# stage NAME COMMAND...
stage() {
  local name="$1" began="$SECONDS" result=0
  shift
  printf '\n\033[1m==> %s\033[0m\n' "$name"
  "$@" || result=$?
  stages+="$(printf '%6d s  %s%s' "$((SECONDS - began))" "$name" "$([ "$result" = 0 ] || echo ': FAILED')")"$'\n'
  return "$result"
}

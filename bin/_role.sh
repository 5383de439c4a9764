# Sourced by bin/run_<role>.sh with `role` set: what every cron entry does round one tick. As few forks as possible.
# shellcheck shell=bash
set -u
cd "${BASH_SOURCE[0]%/*}/.." || exit 1
root=$PWD
: "${HOME:=$(cd ~ && pwd)}"
export HOME

now() { # sets `stamp` without starting a program where bash can
  if [ "${BASH_VERSINFO[0]}" -ge 5 ]; then printf -v stamp '%(%Y-%m-%dT%H:%M:%S%z)T' -1; else stamp=$(date +%Y-%m-%dT%H:%M:%S%z); fi
}
now
printf '[%s] %s start\n' "$stamp" "$role" >&2

# cron's PATH knows none of the places where people install agents. Earlier calls end up further back.
use() { case ":$PATH:" in *":$1:"*) ;; *) if [ -d "$1" ]; then PATH="$1:$PATH"; fi ;; esac; }
newest_node() { # sets `node` to NVM's newest bin folder
  local dir best=-1 version major minor patch
  node=""
  for dir in "${NVM_DIR:-$HOME/.nvm}"/versions/node/v*/bin; do
    version=${dir%/bin}
    IFS=. read -r major minor patch <<<"${version##*/v}"
    case "$major$minor$patch" in ''|*[!0-9]*) continue ;; esac
    if [ $((major * 1000000 + minor * 1000 + patch)) -gt "$best" ]; then
      best=$((major * 1000000 + minor * 1000 + patch)) node=$dir
    fi
  done
}
PATH=${PATH:-/usr/bin:/bin}
use /opt/homebrew/bin
use /usr/local/bin
newest_node
if [ -n "$node" ]; then use "$node"; fi
use "$HOME/.npm-global/bin"
use "$HOME/bin"
use "$HOME/.local/bin"
for named in "${DEEPSEEK_BIN:-}" "${CLINE_BIN:-}" "${OPENCODE_BIN:-}" "${GEMINI_BIN:-}" "${CLAUDE_BIN:-}" "${CODEX_BIN:-}"; do
  case $named in */*) if [ -x "$named" ]; then PATH="${named%/*}:$PATH"; fi ;; esac
done
export PATH

runtime="${ORCH_ROOT:-$root}/runtime"
for dir in "$runtime/logs" "$runtime/state/locks" "$runtime/state/ticks"; do
  if [ ! -d "$dir" ]; then mkdir -p "$dir" || exit 1; fi
done

# Set up when there is nothing yet or the list of packages is newer. The stamp's time answers that without a program.
python="$root/.venv/bin/python" ready="$root/.venv/stamp-run"
if [ ! -x "$python" ] || [ ! -f "$ready" ] || [ pyproject.toml -nt "$ready" ] || [ constraints.txt -nt "$ready" ]; then
  bin/setup || exit 1
  if [ -f "$ready" ]; then touch "$ready"; fi
fi

# -o: the lock stays with flock(1), no worker that the tick leaves behind inherits it. Without flock(1) the role's own
# lock in the program does the same a little later.
overlap=75
if command -v flock >/dev/null 2>&1; then
  flock -n -o -E "$overlap" "$runtime/state/locks/cron-$role.lock" "$python" -m orchestrator tick "$role"
else
  "$python" -m orchestrator tick "$role"
fi
status=$?
if [ "$status" -eq "$overlap" ]; then
  printf '%s: the tick before is still running; skipped\n' "$role" >&2
  exit 0
fi
now
printf '%s %s\n' "$status" "$stamp" >"$runtime/state/ticks/$role" # what bin/run_autopull.sh judges a new version by

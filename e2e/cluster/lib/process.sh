# shellcheck shell=bash disable=SC2154,SC2034
# Long-running programs of a cluster: start, find again, stop. Source it; needs $state (a folder).
#
# A program is known by $state/pids/NAME, which holds "PID START-TIME". The start time (field 22 of
# /proc/PID/stat) makes sure that a number reused after a restart of the machine is never killed.

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }

# Field 22 of /proc/PID/stat. The program name in field 2 may hold spaces: cut behind its ')'.
start_time_of() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  stat=${stat##*) }
  # shellcheck disable=SC2086  # words are wanted
  set -- $stat
  # A zombie is not running any more; field 3 is $1 here.
  [[ $1 != Z ]] || return 1
  printf '%s\n' "${20}"
}

# daemon NAME COMMAND...: starts it detached, with its output in $state/logs/NAME.log.
daemon() {
  local name=$1 pid
  shift
  mkdir -p "$state/pids" "$state/logs"
  (
    # Locks and pipes of the caller must not live as long as the cluster does.
    for fd in /proc/self/fd/*; do
      fd=${fd##*/}
      ((fd <= 2 || fd == 255)) || eval "exec $fd>&-"
    done
    exec setsid "$@"
  ) >>"$state/logs/$name.log" 2>&1 </dev/null &
  pid=$!
  printf '%s %s\n' "$pid" "$(start_time_of "$pid" || echo 0)" >"$state/pids/$name"
}

# Prints the pid of a program that still runs.
pid_of() {
  local pid began
  [[ -f $state/pids/$1 ]] || return 1
  read -r pid began <"$state/pids/$1" || return 1
  [[ $(start_time_of "$pid") == "$began" ]] || return 1
  printf '%s\n' "$pid"
}

# stop_daemon SECONDS NAME...: SIGTERM to all of them, SIGKILL to those that outlive SECONDS.
stop_daemon() {
  local patience=$1 name pid
  shift
  for name in "$@"; do
    if pid=$(pid_of "$name"); then kill -TERM "$pid" 2>/dev/null || true; fi
  done
  for name in "$@"; do
    pid=$(pid_of "$name") || { rm -f "$state/pids/$name"; continue; }
    wait_until "$patience" has_stopped "$name" || kill -KILL "$pid" 2>/dev/null || true
    wait_until 10 has_stopped "$name" || die "$name (pid $pid) does not die"
    rm -f "$state/pids/$name"
  done
}

has_stopped() { ! pid_of "$1" >/dev/null; }

# wait_until SECONDS COMMAND...: polls until the command succeeds.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || return 1
    sleep 0.05
  done
}

# wait_ready NAME SECONDS COMMAND...: as wait_until, but gives up at once when the program died.
wait_ready() {
  local name=$1 deadline=$((SECONDS + $2))
  shift 2
  until "$@" >/dev/null 2>&1; do
    if has_stopped "$name" || ((SECONDS >= deadline)); then
      say "$name did not become ready; the end of $state/logs/$name.log:"
      tail -n 20 "$state/logs/$name.log" >&2
      return 1
    fi
    sleep 0.05
  done
}

# Prints COUNT free TCP ports of 127.0.0.1, all different.
free_ports() {
  python3 - "$1" <<'PY'
import socket, sys
held = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in held:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in held))
PY
}

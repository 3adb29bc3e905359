# Runs one component for as long as whoever started this script lives.
#
#   sh -c "$(cat guard.sh)" guard LOG SCRATCH PROGRAM [ARGUMENT...]
#
# Standard input is a pipe that the starter holds open. Each line on it is a signal for the component (TERM,
# KILL, STOP, CONT); its end means that the starter is gone, however it went, so the component ends too and
# SCRATCH, when it is not empty, is removed. Standard output gets one line: the component's process id.
#
# An API server whose etcd ends first hangs in its shutdown. So when a starter goes, the guard of etcd, whose
# SCRATCH holds those of the API servers as cluster-*, waits until they are gone.
log=$1
scratch=$2
shift 2

exec 3<&0
"$@" 3<&- </dev/null >>"$log" 2>&1 &
component=$!
echo "$component"

# A shell waits for a line or for a child, not for both: the lines are another shell's.
(
  while read -r signal; do
    kill -s "$signal" "$component"
  done
  # From here on it has work to finish after the component has ended.
  trap '' TERM
  tries=0
  while [ -n "$scratch" ] && [ "$tries" -lt 30 ]; do
    set -- "$scratch"/cluster-*
    [ -e "$1" ] || break
    sleep 0.1
    tries=$((tries + 1))
  done
  kill -s TERM "$component"
  tries=0
  while kill -0 "$component" && [ "$tries" -lt 10 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
  kill -s KILL "$component"
  if [ -n "$scratch" ] && [ ! -e "$scratch/keep" ]; then
    rm -rf "$scratch"
  fi
) <&3 >/dev/null 2>&1 &
watcher=$!

exec 3<&-
wait "$component"
status=$?
kill "$watcher" 2>/dev/null
exit "$status"

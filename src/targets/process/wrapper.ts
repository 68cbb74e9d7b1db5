/**
 * The POSIX shell script that runs and supervises the command of a run: `sh -c WRAPPER pushpool FOLDER LIMIT BEGAN MILLISECONDS command…`. It is
 * the leader of a new process group. It outlives every pushpool process, and only it knows the exit code. It writes these files to the folder of
 * the run (`runFolder.ts` reads them):
 *
 *     pid       "<pid> <start> <began, in milliseconds>". Made with O_EXCL, so that only one of several wrappers of an attempt runs the command.
 *     stamps    "<seconds> <bytes of out> <bytes of err>": a line for each second with new output.
 *     ready     The command has reset its traps. Before that, a signal would be lost.
 *     watching  The watchdog has set its traps. Before that, a signal would end it.
 *     stopping  SIGTERM will be sent now. Made with O_EXCL, so that it is sent once.
 *     timedout  The time limit was reached.
 *     killing   SIGKILL will be sent to the group now. It also ends this script, so there will be no `exit`.
 *     noexec    The command could not run: 126 not executable, 127 not found.
 *     orphaned  Somebody killed this script, and the watchdog ends the rest of the group.
 *     exit      "<code> <seconds>". This file is written last.
 *
 * All variable names have a prefix. The command would inherit a change to a variable of its own environment. `command -p` finds the tools, because
 * the PATH of the command may be anything. A TERM to the group also reaches this script and its watchdog, so both trap it. (The command does not
 * inherit a trap, but it would inherit an ignored signal.) The script reads the clock to measure time, because a signal ends a `sleep` early.
 */
export const WRAPPER = `
pushpool_dir=$1 pushpool_limit=$2 pushpool_began=$3 pushpool_ms=$4
shift 4
umask 077

pushpool_start() {
  if [ -r /proc/self/stat ]; then
    read -r pushpool_line < "/proc/$$/stat"
    read -r pushpool_boot < /proc/sys/kernel/random/boot_id
    set -- $(echo "\${pushpool_line##*) }")
    shift 19
    pushpool_id=\${pushpool_boot%%-*}-$1
  else
    set -- $(command -p ps -o lstart= -p $$)
    pushpool_id=$1_$2_$3_$4_$5
  fi
}
pushpool_start

# Set the traps before the pid file exists and others can send signals. The watchdog finds a stop that comes before the command starts.
trap : TERM HUP INT USR1

set -C
{ echo "$$ $pushpool_id $pushpool_began$pushpool_ms" > "$pushpool_dir/pid"; } 2> /dev/null || exit 0
set +C

# Do not use a subshell here: a signal that arrives while the script waits for it would hide its exit code.
pushpool_terminate() {
  # The watchdog tries again within a second.
  [ -e "$pushpool_dir/ready" ] && [ -e "$pushpool_dir/watching" ] || return 0
  set -C
  if { echo > "$pushpool_dir/stopping"; } 2> /dev/null; then kill -TERM 0; fi
  set +C
}

# dash gives a command in a trap another exit status if a second trap runs then. So ignore signals meanwhile: SIGTERM would not be sent.
pushpool_asked() {
  trap '' TERM HUP INT USR1
  pushpool_terminate
  trap : TERM HUP INT
  trap pushpool_asked USR1
}

pushpool_now() { command -p date +%s; }

if [ -e "$pushpool_dir/stop" ]; then
  : > "$pushpool_dir/stopping"
  echo "143 $(pushpool_now)" > "$pushpool_dir/exit"
  exit
fi

(
  trap - TERM HUP INT QUIT USR1
  : > "$pushpool_dir/ready"
  trap 'echo $? > "$pushpool_dir/noexec"' EXIT
  exec "$@"
) &
pushpool_child=$!
trap pushpool_asked USR1
# Messages of this shell about the end of the command must not become part of its output.
exec 2> /dev/null

(
  trap : TERM HUP INT USR1
  exec > /dev/null 2>&1
  cd "$pushpool_dir" || exit
  : > watching
  pushpool_kill=
  pushpool_seen=
  while kill -0 $$; do
    command -p sleep 1
    pushpool_time=$(pushpool_now)
    set -- $(command -p wc -c out err)
    if [ "$1 $3" != "$pushpool_seen" ]; then
      pushpool_seen="$1 $3"
      echo "$pushpool_time $1 $3" >> stamps
    fi
    if [ "$pushpool_limit" -gt 0 ] && [ $((pushpool_time - pushpool_began)) -ge "$pushpool_limit" ] && [ ! -e stopping ]; then
      : > timedout
      pushpool_terminate
      pushpool_kill=$((pushpool_time + 10))
    fi
    if [ -e stop ]; then
      pushpool_terminate
      if [ -z "$pushpool_kill" ]; then
        read -r pushpool_grace < stop
        pushpool_kill=$((pushpool_time + pushpool_grace))
      fi
    fi
    if [ -n "$pushpool_kill" ] && [ "$pushpool_time" -ge "$pushpool_kill" ]; then
      : > killing
      kill -KILL 0
    fi
  done
  : > orphaned
  kill -KILL 0
) &

while :; do
  wait "$pushpool_child"
  pushpool_code=$?
  kill -0 "$pushpool_child" 2> /dev/null || break
done

pushpool_time=$(pushpool_now)
cd "$pushpool_dir" || exit
set -- $(command -p wc -c out err)
echo "$pushpool_time $1 $3" >> stamps
echo "$pushpool_code $pushpool_time" > exit
kill -KILL 0
`;

/**
 * The POSIX-shell script that a run's command lives under: `sh -c WRAPPER pushpool FOLDER LIMIT BEGAN MILLISECONDS command…`, leader of a process
 * group of its own. It outlives every pushpool process and alone knows the exit code. What it leaves in the run's folder
 * (`runFolder.ts` reads it):
 *
 *     pid       "<pid> <start> <began, in milliseconds>", made with O_EXCL: of many wrappers of one attempt, one runs the command
 *     stamps    "<seconds> <bytes of out> <bytes of err>", a line each second in which something came
 *     ready     the command, and
 *     watching  the watchdog, have their own traps set: before, a signal would be lost on the one and end the other
 *     stopping  SIGTERM was about to be sent; made with O_EXCL, so that it is sent once
 *     timedout  the time limit was reached
 *     killing   SIGKILL was about to be sent to the group, this script included: there will be no `exit`
 *     noexec    the command never ran: 126 not executable, 127 not found
 *     orphaned  this script was killed by someone, and the watchdog ends what is left
 *     exit      "<code> <seconds>", the last thing that is written
 *
 * Its names have a prefix, since the command would inherit a variable of its own environment that is changed here; its tools are found
 * by `command -p`, since the command's PATH may be anything. TERM to the group reaches this script and its watchdog too: both trap it
 * (a trap, unlike ignoring, is not inherited by the command), and time is told by the clock, since a signal ends a `sleep` early.
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

# Before anyone can know of this process and signal it. A stop that comes before the command has started is found by the watchdog.
trap : TERM HUP INT USR1

set -C
{ echo "$$ $pushpool_id $pushpool_began$pushpool_ms" > "$pushpool_dir/pid"; } 2> /dev/null || exit 0
set +C

# No subshell: a signal that came while one is waited for would hide how it ended.
pushpool_terminate() {
  # Asked again by the watchdog within a second.
  [ -e "$pushpool_dir/ready" ] && [ -e "$pushpool_dir/watching" ] || return 0
  set -C
  if { echo > "$pushpool_dir/stopping"; } 2> /dev/null; then kill -TERM 0; fi
  set +C
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
trap pushpool_terminate USR1
# What the shell itself has to say of the command's end is no output of the command.
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

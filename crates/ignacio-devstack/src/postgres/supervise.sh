# Runs one command on a leash: standard input is a pipe that the devstack holds, and when the
# devstack ends, however it ends, the pipe closes and the command is stopped.
#   sh -c "$this" supervise SIGNAL DOOMED LOG COMMAND [ARGUMENT]...
# DOOMED is a folder to remove afterwards, or empty. A line `keep` on the pipe spares it.
# Standard output is held open by the command alone, so its end shows the command's end.
trap '' HUP INT TERM
signal=$1
doomed=$2
log=$3
shift 3

exec 3>&1 >"$log" 2>&1
"$@" </dev/null &
command=$!
exec 3>&-

while read -r order; do
    if [ "$order" = keep ]; then doomed=; fi
done

# Never KILL: a server that dies so leaves shared memory and children behind.
kill -s "$signal" "$command" 2>/dev/null
polls=0
while kill -0 "$command" 2>/dev/null; do
    polls=$((polls + 1))
    if [ "$polls" -eq 400 ]; then kill -s QUIT "$command" 2>/dev/null; fi
    sleep 0.05
done
wait "$command"
status=$?

attempts=0
while [ -n "$doomed" ] && [ -e "$doomed" ] && [ "$attempts" -lt 20 ]; do
    attempts=$((attempts + 1))
    rm -rf -- "$doomed" 2>/dev/null || sleep 0.1
done
exit "$status"

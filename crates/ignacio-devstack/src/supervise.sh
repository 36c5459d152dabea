# Runs one command that ends when its parent ends: standard input is a pipe that the parent holds.
# However the parent ends, the pipe closes, and the command is stopped with everything it started.
#   sh -c "$this" supervise SIGNAL LAST_SIGNAL DOOMED LOG COMMAND [ARGUMENT]...
# SIGNAL asks the command to end; LAST_SIGNAL follows if it has not ended 30 seconds later.
# DOOMED is a folder to remove afterwards, or empty. LOG takes the command's output, unless empty.
# Lines on the pipe: `stop` asks the command to end, `now` kills it, `keep` spares DOOMED.
# Standard output is held open by the command alone, so its end shows the command's end.
trap : HUP INT QUIT TERM
signal=$1
last_signal=$2
doomed=$3
log=$4
shift 4

if [ -n "$log" ]; then exec 3>&1 >"$log" 2>&1; fi
"$@" </dev/null &
command=$!
if [ -n "$log" ]; then exec 3>&-; else exec >&-; fi

asked=
while read -r order; do
    case $order in
        stop) asked=yes; kill -s "$signal" "$command" 2>/dev/null ;;
        now) asked=yes; kill -s KILL "$command" 2>/dev/null ;;
        keep) doomed= ;;
    esac
done

# Process group 0 is our own: the command and its children. The trap keeps this shell alive.
if [ -z "$asked" ]; then kill -s "$signal" 0 2>/dev/null; fi
polls=0
while kill -0 "$command" 2>/dev/null; do
    polls=$((polls + 1))
    if [ "$polls" -eq 600 ]; then kill -s "$last_signal" "$command" 2>/dev/null; fi
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

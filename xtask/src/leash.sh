# Runs one command on a leash: standard input is a pipe that xtask holds. When xtask ends, however
# it ends, the pipe closes and the command is stopped with everything that it started.
#   sh -c "$this" leash COMMAND [ARGUMENT]...
# A line `stop` on the pipe asks the command to end, a line `now` ends it at once.
# Standard output is held open by the command alone, so its end shows the command's end.
trap : HUP INT TERM

"$@" </dev/null &
command=$!
exec >&-

asked=
while read -r order; do
    case $order in
        stop) asked=yes; kill -s TERM "$command" 2>/dev/null ;;
        now) kill -s KILL "$command" 2>/dev/null ;;
    esac
done

# Process group 0 is our own: the command and its children. We ourselves do not mind.
if [ -z "$asked" ]; then kill -s TERM 0 2>/dev/null; fi
polls=0
while kill -0 "$command" 2>/dev/null && [ "$polls" -lt 600 ]; do
    polls=$((polls + 1))
    sleep 0.05
done
if [ "$polls" -ge 600 ]; then kill -s KILL "$command" 2>/dev/null; fi
wait "$command"

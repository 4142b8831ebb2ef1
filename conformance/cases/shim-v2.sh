# Corten's shim in containerd's hands: io.containerd.corten.v2 (docs/contracts/containerd-shim.md).
# shellcheck shell=bash
. "$CASES/containerd.sh"

eval "$(declare -f set_up | sed '1s/set_up/set_up_containerd/')"
set_up() { set_up_shim; }
set_up_shim() {
    local programs
    programs=$(dirname "$RUNTIME")
    [ -x "$programs/corten-shim" ] || skip "no corten-shim beside $RUNTIME"
    # Found by its name on PATH; the runtime is beside the program itself.
    mkdir -p "$WORK/bin"
    ln -s "$programs/corten-shim" "$WORK/bin/containerd-shim-corten-v2"
    PATH=$WORK/bin:$PATH set_up_containerd
}
box() { ctr_ run --snapshotter native --runtime io.containerd.corten.v2 --cgroup "/corten-ctr/${group:-x}" "$@"; }
start() { group=$1 box --detach localhost/box:latest "$@" </dev/null; }
# Nothing of a container may be left: no shim, no state of the runtime, no mount, no socket.
leaves_nothing() {
    clean >/dev/null 2>&1 || true
    equal "$(tasks)" ''
    soon no_shim
    # After a shim that was killed containerd removes the rest in its own time.
    soon no_socket
    equal "$(find "$WORK/corten" -mindepth 2 2>/dev/null || true)" ''
    equal "$(awk -v work="$WORK/run/" 'index($2, work) == 1 { print $2 }' /proc/mounts)" ''
}
shims() { pgrep -f "$WORK/bin/containerd-shim-corten-v2.* start" || true; }
no_socket() { [ -z "$(ls "$WORK/s" 2>/dev/null)" ]; }
no_shim() { [ -z "$(shims)" ]; }

case_output_and_exit_codes() {
    equal "$(box --rm localhost/box:latest a echo hello </dev/null)" hello
    equal "$(box --rm localhost/box:latest a sh -c 'echo out; echo err >&2' </dev/null 2>&1 >/dev/null)" err
    local code=0
    box --rm localhost/box:latest a sh -c 'exit 42' </dev/null || code=$?
    equal "$code" 42
    code=0
    box --rm localhost/box:latest a sh -c 'sh -c "kill -9 \$\$"; exit $?' </dev/null || code=$?
    equal "$code" 137
    contains "$(refused box --rm localhost/box:latest a /not/there </dev/null)" 'no such file or directory'
}
case_output_is_whole() {
    # 1 MiB + 1 byte, through the shim's pipes.
    equal "$(box --rm localhost/box:latest a head -c 1048577 /dev/zero </dev/null | wc -c)" 1048577
}
# ctr tells of its stdin's end only when it has started the container.
case_stdin_ends() {
    equal "$({ echo hello; soon running a; } | box --rm localhost/box:latest a cat)" hello
    equal "$({ head -c 300000 /dev/zero; soon running a; } | box --rm localhost/box:latest a cat | wc -c)" 300000
}
case_exec() {
    start a
    equal "$(ctr_ tasks exec --exec-id one a echo in </dev/null)" in
    equal "$({ echo through; soon has_processes a 2; } | ctr_ tasks exec --exec-id two a cat)" through
    local code=0
    ctr_ tasks exec --exec-id three a sh -c 'exit 7' </dev/null || code=$?
    equal "$code" 7
    contains "$(refused ctr_ tasks exec --exec-id four a /not/there </dev/null)" 'no such file or directory'
    # The same name again: the first is forgotten.
    equal "$(ctr_ tasks exec --exec-id one a echo again </dev/null)" again
}
case_exec_ends_with_its_container() {
    start a
    ctr_ tasks exec --exec-id long a sleep 1000 </dev/null >"$WORK/out" 2>&1 &
    local exec=$!
    soon has_processes a 2
    contains "$(ctr_ tasks ps a)" long
    ctr_ tasks kill --signal SIGKILL a
    local code=0
    wait "$exec" || code=$?
    equal "$code" 137
}
has_processes() { [ "$(ctr_ tasks ps "$1" | tail -n +2 | wc -l)" = "$2" ]; }
# ctr tells the size after the start, and its own terminal may lose what a container wrote just before its end.
case_terminal() {
    local code=0
    : >"$WORK/terminal"
    { soon grep -q '24 80' "$WORK/terminal"; echo word; } |
        on_terminal 'box --tty --rm localhost/box:latest a sh -c "until test \"\$(stty size 2>/dev/null)\"; do :; done; stty size; read word; test \$word = word && exit 3"' || code=$?
    equal "$code" 3
    start a
    code=0
    : >"$WORK/terminal"
    { soon grep -q /dev/pts/ "$WORK/terminal"; echo word; } |
        on_terminal 'ctr_ tasks exec --tty --exec-id t a sh -c "tty; read word; test \$word = word && exit 4"' || code=$?
    equal "$code" 4
}
# Runs shell text on a terminal of 24 lines and 80 columns, whose words come from stdin; what it shows is in a file.
on_terminal() {
    WORK=$WORK script --quiet --flush --return --command "$(declare -f ctr_ box); stty rows 24 cols 80; $1 </dev/tty" \
        /dev/null >"$WORK/terminal"
}
case_attach() {
    box --detach localhost/box:latest a sh -c 'read line; echo "got $line"; exit 3' </dev/null
    mkfifo "$WORK/words"
    ctr_ tasks attach a <"$WORK/words" >"$WORK/attached" &
    local client=$! code=0
    echo hello >"$WORK/words"
    wait "$client" || code=$?
    rm "$WORK/words"
    equal "$code" 3
    contains "$(cat "$WORK/attached")" 'got hello'
}
case_pause_and_resume() {
    start a
    ctr_ tasks pause a
    equal "$(state a)" PAUSED
    contains "$(refused ctr_ tasks pause a)" paused
    ctr_ tasks resume a
    equal "$(state a)" RUNNING
}
case_metrics() {
    start a
    local metrics
    metrics=$(ctr_ tasks metrics a)
    contains "$metrics" pids.current
    # More than the container's page tables.
    [ "$(awk '$1 ~ /^memory.usage/ { print $2 }' <<<"$metrics")" -gt 50000 ]
}
case_processes_are_listed() {
    start a sh -c 'sleep 1000 & wait'
    soon has_processes a 2
}
case_kill() {
    start a sh -c 'trap "exit 5" TERM; while :; do sleep 1000 & wait; done'
    contains "$(refused ctr_ tasks delete a)" 'must be stopped'
    soon has_processes a 2
    ctr_ tasks kill --signal SIGTERM a
    soon stopped a
    contains "$(refused ctr_ tasks kill a)" 'already finished'
    contains "$(ctr_ tasks delete a 2>&1)" 'exit code 5'
}
case_events() {
    ctr --address "$WORK/c.sock" events >"$WORK/events" &
    local watcher=$!
    box --rm localhost/box:latest a sh -c 'exit 9' </dev/null || true
    soon grep -q /tasks/delete "$WORK/events"
    kill "$watcher"
    equal "$(grep -o '/tasks/[a-z-]*' "$WORK/events" | tr '\n' ' ')" '/tasks/create /tasks/start /tasks/exit /tasks/delete '
    contains "$(grep /tasks/exit "$WORK/events")" '"exit_status":9'
}
case_oom_is_told() {
    ctr --address "$WORK/c.sock" events >"$WORK/events" &
    local watcher=$!
    group=oom box --memory-limit 20000000 --detach localhost/box:latest a sh -c 'x=a; while :; do x=$x$x; done' </dev/null
    soon stopped a
    soon grep -q /tasks/exit "$WORK/events"
    kill "$watcher"
    contains "$(tr -d '\0' <"$WORK/events")" /tasks/oom
    contains "$(grep -a /tasks/exit "$WORK/events")" '"exit_status":137'
}
case_checkpoint_and_restore() {
    needs criu
    criu check >/dev/null 2>&1 || skip "CRIU does not work on this kernel"
    start a
    ctr_ containers checkpoint --image --task --rw a localhost/checkpoint:a
    clean
    ctr_ containers restore --live b localhost/checkpoint:a </dev/null &
    soon running b
}
case_containers_of_a_group_share_a_shim() {
    local label=io.containerd.runc.v2.group=pod
    group=a box --annotation "$label" --detach localhost/box:latest a </dev/null
    group=b box --annotation "$label" --detach localhost/box:latest b </dev/null
    group=c box --detach localhost/box:latest c </dev/null
    equal "$(shims | wc -l)" 2
    ctr_ tasks kill --signal SIGKILL a
    soon stopped a
    equal "$(state b)" RUNNING
}
case_socket_is_root_s_alone() {
    start a
    equal "$(stat -c '%a %F' "$WORK/s"/*)" '600 socket'
    equal "$(stat -c %a "$WORK/s")" 700
    # No abstract name (CVE-2020-15257).
    equal "$(grep -c "@.*$WORK" /proc/net/unix || true)" 0
}
# An image chooses labels, and configurations annotations from them: neither may choose a program (CVE-2026-53488).
case_only_the_request_chooses_where_output_goes() {
    printf '#!/bin/sh\ntouch %q\n' "$WORK/executed" >"$WORK/program"
    chmod 755 "$WORK/program"
    box --label "containerd.io/restart.loguri=binary://$WORK/program" --annotation "log_uri=binary://$WORK/program" \
        --annotation "io.containerd.log=binary://$WORK/program" --rm localhost/box:latest a echo hello </dev/null
    [ ! -e "$WORK/executed" ]
}
case_output_to_a_file() {
    box --log-uri "file://$WORK/logs/a%20b" --detach localhost/box:latest a sh -c 'echo out; echo err >&2' </dev/null
    soon stopped a
    ctr_ tasks delete a
    equal "$(sort "$WORK/logs/a b" | tr '\n' ' ')" 'err out '
}
case_output_to_a_program() {
    cat >"$WORK/logger" <<'SH'
#!/bin/sh
exec 5<&-
echo "$CONTAINER_ID $CONTAINER_NAMESPACE $1 $2" >"$2"
{ cat <&3; cat <&4; } >>"$2"
echo end >>"$2"
SH
    chmod 755 "$WORK/logger"
    box --log-uri "binary://$WORK/logger?to=$WORK/logged" --detach localhost/box:latest a sh -c 'echo out; echo err >&2' </dev/null
    soon stopped a
    ctr_ tasks delete a
    soon grep -q end "$WORK/logged"
    equal "$(tr '\n' ' ' <"$WORK/logged")" "a default to $WORK/logged out err end "
}
case_another_runtime() {
    needs runc
    printf 'BinaryName = "%s"\nRoot = "%s/runc"\n' "$(command -v runc)" "$WORK" >"$WORK/options.toml"
    equal "$(box --runtime-config-path "$WORK/options.toml" --rm localhost/box:latest a echo hello </dev/null)" hello
    box --runtime-config-path "$WORK/options.toml" --detach localhost/box:latest b </dev/null
    equal "$(ls "$WORK/runc/default")" b
}
case_pipes_have_the_owner_that_is_asked_for() {
    printf 'IoUid = 1000\nIoGid = 1001\n' >"$WORK/options.toml"
    box --runtime-config-path "$WORK/options.toml" --detach localhost/box:latest a </dev/null
    local init descriptor
    init=$(ctr_ tasks list | awk '$1 == "a" { print $2 }')
    for descriptor in 0 1 2; do equal "$(stat -L -c %u:%g "/proc/$init/fd/$descriptor")" 1000:1001; done
}
case_the_shim_has_the_cgroup_that_is_asked_for() {
    local group=/corten-ctr/shim root
    # It is the caller's: whoever asks for one makes it.
    for root in /sys/fs/cgroup /sys/fs/cgroup/*; do [ ! -e "$root/cgroup.procs" ] || mkdir -p "$root$group"; done
    echo "ShimCgroup = \"$group\"" >"$WORK/options.toml"
    box --runtime-config-path "$WORK/options.toml" --detach localhost/box:latest a </dev/null
    contains "$(cat "/proc/$(shims)/cgroup")" ":$group"
}
case_wrong_options_are_refused() {
    echo 'SystemdCgruop = true' >"$WORK/options.toml"
    contains "$(refused box --runtime-config-path "$WORK/options.toml" --rm localhost/box:latest a echo hello </dev/null)" 'SystemdCgruop'
}

containerd_again() {
    TMPDIR=$WORK PATH=$WORK/bin:$PATH setsid containerd --config "$WORK/config.toml" >>"$WORK/containerd.log" 2>&1 &
    echo $! >"$WORK/pid"
    soon answers
}
stop_containerd() {
    kill "${1:--TERM}" "$(cat "$WORK/pid")"
    soon ended "$(cat "$WORK/pid")"
}
case_containerd_restarts() {
    start a
    start b sh -c 'sleep 1; exit 23'
    box --detach localhost/box:latest c sh -c 'sleep 1000 & wait' </dev/null
    stop_containerd
    # It ends while containerd is down.
    soon no_process 'sleep 1; exit 23'
    containerd_again
    soon stopped b
    equal "$(state a) $(state c)" 'RUNNING RUNNING'
    contains "$(ctr_ tasks delete b 2>&1)" 'exit code 23'
    equal "$(ctr_ tasks exec --exec-id after a echo in </dev/null)" in
    ctr_ tasks kill --signal SIGKILL a
    soon stopped a
}
no_process() { ! pgrep -f "$1" >/dev/null; }
case_events_wait_for_containerd() {
    start a sh -c 'sleep 1; exit 23'
    stop_containerd -KILL
    soon no_process 'sleep 1; exit 23'
    containerd_again
    ctr --address "$WORK/c.sock" events >"$WORK/events" &
    local watcher=$!
    soon stopped a
    kill "$watcher"
    contains "$(ctr_ tasks delete a 2>&1)" 'exit code 23'
}
case_a_shim_that_dies_leaves_nothing() {
    start a
    kill -KILL "$(shims)"
    soon no_process 'sleep 1000'
    soon not_running a
}
not_running() { [ "$(state "$1")" != RUNNING ]; }
# Their output goes to files: ctr, whatever the shim, sometimes gives up the FIFO of a container that ended at once before
# it has opened it.
case_many_at_once() {
    local count=${MANY:-40} at jobs=()
    for ((at = 0; at < count; at++)); do
        group=many$at box --log-uri "file://$WORK/many.$at" --rm localhost/box:latest "m$at" sh -c "echo m$at" </dev/null &
        jobs+=($!)
        # As many at a time as a busy node starts.
        [ ${#jobs[@]} -lt 20 ] || { wait "${jobs[0]}"; jobs=("${jobs[@]:1}"); }
    done
    wait "${jobs[@]}"
    equal "$(cat "$WORK"/many.* | sort -u | wc -l)" "$count"
    rm "$WORK"/many.*
}

# The shim in conmon's place: podman keeps its containers by it.  CONMON names another to judge (/usr/bin/conmon).
# shellcheck shell=bash disable=SC2034
. "$CASES/podman.sh"
CONMON=${CONMON:-$WORK/corten-conmon}

eval "podman_$(declare -f set_up)" # podman's own, under another name
set_up() {
    ! is_ours || ln -sf "$(dirname "$RUNTIME")/corten-shim" "$CONMON"
    podman_set_up
}
is_ours() { [ "$CONMON" = "$WORK/corten-conmon" ]; }
log_of() { podman_ inspect --format '{{.HostConfig.LogConfig.Path}}' "$1"; }
keeper_of() { cat "$(podman_ inspect --format '{{.ConmonPidFile}}' "$1")"; }

case_podman_takes_its_version() {
    contains "$(podman_ info --format '{{.Host.Conmon.Path}} {{.Host.Conmon.Version}}')" "$CONMON conmon version 2."
}
case_the_keeper_is_the_one_named() {
    start a localhost/box
    equal "$(readlink -f "/proc/$(keeper_of a)/exe")" "$(readlink -f "$CONMON")"
}
case_output_stdin_and_codes() {
    equal "$(box --rm localhost/box echo hello)" hello
    equal "$(box --rm localhost/box sh -c 'echo error >&2' 2>&1 >/dev/null)" error
    equal "$(echo piped | box --rm --interactive localhost/box cat)" piped
    equal "$(box --rm --interactive localhost/box cat </dev/null)" ''
    local code
    for code in 1 42 255; do
        local got=0
        box --rm localhost/box sh -c "exit $code" || got=$?
        equal "$got" "$code"
    done
    code=0
    box --rm localhost/box /not/there 2>"$WORK/said" || code=$?
    equal "$code" 127
    contains "$(cat "$WORK/said")" /not/there
}
case_64_mib_are_exact() {
    head -c 67108864 /dev/urandom >"$WORK/data"
    local sum
    sum=$(sha256sum <"$WORK/data")
    equal "$(box --rm --log-driver none --volume "$WORK/data:/data:ro" localhost/box cat /data | sha256sum)" "$sum"
    equal "$(box --rm --interactive --log-driver none localhost/box cat <"$WORK/data" | sha256sum)" "$sum"
    # A reader that is slower than the container, and the log beside it.
    tr -dc 'a-z\n' <"$WORK/data" >"$WORK/text"
    equal "$(box --name a --volume "$WORK/text:/data:ro" localhost/box cat /data | dd bs=1000 status=none | sha256sum)" \
        "$(sha256sum <"$WORK/text")"
    equal "$(podman_ logs a | sha256sum)" "$(sha256sum <"$WORK/text")"
    rm -f "$WORK/data" "$WORK/text"
}
case_a_terminal() {
    needs script
    local said
    said=$(SHELL=/bin/bash script -qec "stty rows 33 cols 77; $(declare -f podman_ manager options box); \
        box --rm -t localhost/box sh -c 'test -t 0 && echo terminal; busybox stty size <&1'" /dev/null)
    contains "$said" terminal
    contains "$said" '33 77'
}
case_logs_with_parts_of_lines() {
    start a localhost/box sh -c 'printf part; while [ ! -e /go ]; do busybox usleep 50000; done; echo ial; echo e >&2; printf last'
    soon grep -q 'stdout P part$' "$(log_of a)"
    podman_ exec a touch /go
    equal "$(podman_ wait a)" 0
    equal "$(podman_ logs a 2>/dev/null)" $'partial\nlast'
    equal "$(podman_ logs a 2>&1 >/dev/null)" e
    grep -q 'stdout F ial$' "$(log_of a)"
    # Every time is one that podman reads.
    equal "$(podman_ logs --timestamps a 2>/dev/null | cut -c1-4 | sort -u)" "$(date -u +%Y)"
}
case_logs_are_followed() {
    start a localhost/box sh -c 'n=0; while [ $n -lt 300 ]; do n=$((n+1)); echo $n; done; sleep 1; echo end'
    equal "$(podman_ logs --follow a | tail -n 1)" end
    equal "$(podman_ logs a | grep -c .)" 301
    equal "$(podman_ logs --tail 2 a | xargs)" '300 end'
}
case_logs_are_bounded() {
    start a --log-opt max-size=20kb localhost/box sh -c 'n=0; while [ $n -lt 3000 ]; do n=$((n+1)); echo line $n; done'
    equal "$(podman_ wait a)" 0
    [ "$(stat -c %s "$(log_of a)")" -le 65536 ] || fail 'a small log'
    contains "$(podman_ logs --tail 1 a)" 'line 3000'
}
case_log_drivers() {
    start a --log-driver json-file localhost/box echo said
    equal "$(podman_ wait a)" 0
    equal "$(podman_ logs a)" said
    equal "$(box --name b --log-driver none localhost/box echo said)" said
    refused podman_ logs b
    equal "$(box --name c --log-driver passthrough localhost/box echo passed)" passed
    local said
    said=$(refused box --rm --log-driver k8s-file --log-opt path=/not/there/log localhost/box true)
    # conmon's own message names no file.
    ! is_ours || contains "$said" /not/there/log
}
case_attach() {
    start a --interactive localhost/box sh -c 'while read line; do echo "got $line"; done; echo over'
    equal "$(echo word | podman_ attach a)" $'got word\nover'
    equal "$(podman_ wait a)" 0
    start b localhost/box sh -c 'while [ ! -e /go ]; do busybox usleep 50000; done; echo went; exit 5'
    local before
    before=$(sockets "$(keeper_of b)")
    podman_ attach --no-stdin b >"$WORK/attached" 2>&1 &
    local job=$!
    # Both attached clients of one container.
    podman_ attach --no-stdin b >"$WORK/attached2" 2>&1 &
    local second=$!
    soon has_sockets "$(keeper_of b)" $((before + 2))
    podman_ exec b touch /go
    wait "$job"
    wait "$second"
    equal "$(podman_ wait b)" 5
    equal "$(cat "$WORK/attached")" went
    equal "$(cat "$WORK/attached2")" went
}
sockets() { find "/proc/$1/fd" -lname 'socket:*' | wc -l; }
has_sockets() { [ "$(sockets "$1")" = "$2" ]; }
case_exec() {
    start a localhost/box
    equal "$(podman_ exec a echo in)" in
    equal "$(podman_ exec a sh -c 'echo e >&2' 2>&1 >/dev/null)" e
    equal "$(echo piped | podman_ exec --interactive a cat)" piped
    equal "$(podman_ exec --user 1000 --env A=b --workdir /tmp a sh -c 'echo $(id -u) $A $PWD')" '1000 b /tmp'
    local code
    for code in 0 7 137; do
        local got=0
        podman_ exec a sh -c "exit $code" || got=$?
        equal "$got" "$code"
    done
    code=0
    podman_ exec a /not/there 2>"$WORK/said" || code=$?
    equal "$code" 127
    contains "$(cat "$WORK/said")" /not/there
    podman_ exec --detach a touch /tmp/made
    soon podman_ exec a test -e /tmp/made
    head -c 8388608 /dev/urandom >"$WORK/data"
    equal "$(podman_ exec --interactive a cat <"$WORK/data" | sha256sum)" "$(sha256sum <"$WORK/data")"
    contains "$(podman_ exec --tty a sh -c 'test -t 1 && echo terminal')" terminal
    # No keeper of an exec stays.
    soon no_exec_is_kept
}
no_exec_is_kept() { ! pgrep -f -- "--exec-process-spec $WORK" >/dev/null; }
case_health_checks() {
    start a --health-cmd 'test -e /tmp/well' --health-interval disable localhost/box
    refused podman_ healthcheck run a
    podman_ exec a touch /tmp/well
    podman_ healthcheck run a
    equal "$(podman_ inspect --format '{{.State.Health.Status}}' a)" healthy
}
case_stop_restart_and_kill() {
    start a localhost/box sh -c 'trap "echo bye; exit 3" TERM; echo up; while true; do busybox usleep 50000; done'
    soon logs_say a up
    podman_ stop --time 100 a
    equal "$(podman_ inspect --format '{{.State.ExitCode}}' a)" 3
    equal "$(podman_ logs a | xargs)" 'up bye'
    podman_ start a
    podman_ restart --time 0 a
    equal "$(podman_ inspect --format '{{.State.Status}}' a)" running
    podman_ kill --signal KILL a
    equal "$(podman_ wait a)" 137
}
case_restart_policies() {
    start a --restart on-failure:2 localhost/box sh -c 'echo run; exit 1'
    soon restarted a 2
    soon is_exited a
    equal "$(podman_ logs a | grep -c run)" 3
    # It stays in its third run: podman 4.3 cannot remove a container that ends while podman stops it, whoever keeps it.
    start b --restart always localhost/box sh -c 'echo run >>/runs; [ "$(wc -l </runs)" -lt 3 ] || exec sleep 1000'
    soon ran b 3
    podman_ rm --force --time 0 b
    refused podman_ container exists b
}
is_exited() { [ "$(podman_ inspect --format '{{.State.Status}}' "$1")" = exited ]; }
logs_say() { [ "$(podman_ logs "$1" | xargs)" = "$2" ]; }
ran() { [ "$(podman_ exec "$1" cat /runs | wc -l)" = "$2" ]; }
restarted() { [ "$(podman_ inspect --format '{{.RestartCount}}' "$1")" -ge "$2" ]; }
case_removed_by_force_and_by_itself() {
    start a localhost/box
    local keeper
    keeper=$(keeper_of a)
    podman_ rm --force --time 0 a
    soon test ! -e "/proc/$keeper"
    start b --rm localhost/box true
    soon is_gone b
}
is_gone() { ! podman_ container exists "$1"; }
case_killed_for_want_of_memory() {
    [ "$(manager)" = systemd ] || skip 'needs cgroup v2 with its controllers'
    start a --memory 16m localhost/box sh -c 'x=x; while true; do x=$x$x; done'
    equal "$(podman_ wait a)" 137
    equal "$(podman_ inspect --format '{{.State.OOMKilled}}' a)" true
}
case_timeout() {
    start a --timeout 1 localhost/box
    equal "$(podman_ wait a)" "$(podman_ inspect --format '{{.State.ExitCode}}' a)"
    equal "$(podman_ inspect --format '{{.State.Status}}' a)" exited
}
case_logs_in_the_journal() {
    [ -S /run/systemd/journal/socket ] || skip 'needs systemd-journald'
    box --name a --log-driver journald --log-opt tag=marked localhost/box sh -c 'echo out; echo err >&2' >/dev/null 2>&1
    # The journal's own files are written a moment later.
    soon logs_say a out
    equal "$(podman_ logs a 2>&1 >/dev/null)" err
    equal "$(journalctl --output cat CONTAINER_NAME=a CONTAINER_TAG=marked PRIORITY=3)" err
}
case_pods() {
    podman_ pod create --name p --infra=false >/dev/null
    podman_ create --network none --pod p --name a $(options_in_pod) localhost/box >/dev/null
    podman_ create --network none --pod p --name b $(options_in_pod) localhost/box >/dev/null
    podman_ pod start p
    equal "$(podman_ pod inspect --format '{{.State}}' p)" Running
    podman_ pod stop --time 0 p
}
case_descriptors_are_handed_on() {
    exec 3<<<handed
    equal "$(box --rm --preserve-fds 1 localhost/box sh -c 'cat <&3')" handed
    exec 3<&-
}
case_nothing_of_the_keeper_is_open_to_others() {
    start a --interactive localhost/box
    local dir
    dir=$(dirname "$(log_of a)")
    # conmon's have other modes; its directory is closed all the same.
    ! is_ours || equal "$(stat -c %a "$dir/attach" "$dir/ctl" | xargs)" '600 600'
    equal "$(grep -c "@.*$(podman_ inspect --format '{{.Id}}' a)" /proc/net/unix)" 0
}

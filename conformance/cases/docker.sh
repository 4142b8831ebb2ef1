# The runtime in docker's hands: a dockerd of its own, with its own containerd.  shellcheck shell=bash
SOCKET=unix://$WORK/docker.sock
set_up() {
    needs dockerd
    needs docker
    needs containerd
    needs ctr
    needs busybox
    needs jq
    [ "$(id -u)" = 0 ] || skip 'needs root'
    run_containerd
    run_daemon
    local root=$WORK/image
    mkdir -p "$root"/{bin,etc,tmp}
    cp "$(command -v busybox)" "$root/bin/"
    for program in sh cat sleep id true echo ls touch test hostname readlink; do ln -s busybox "$root/bin/$program"; done
    printf 'root:x:0:0:root:/:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n' >"$root/etc/passwd"
    tar -C "$root" -c . >"$WORK/image.tar"
    rm -rf "$root"
    docker_ import --change 'CMD ["sleep","1000"]' "$WORK/image.tar" box
}
driver() {
    if [ "$(cat /proc/1/comm)" = systemd ]; then echo systemd; else echo cgroupfs; fi
}
# Of our own: a containerd that dockerd starts must answer within 15 seconds, which slow machines cannot.
run_containerd() {
    cat >"$WORK/containerd.toml" <<TOML
version = 2
root = "$WORK/containerd/root"
state = "$WORK/containerd/run"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime", "io.containerd.cri.v1.images"]
[grpc]
  address = "$WORK/containerd.sock"
[ttrpc]
  address = "$WORK/containerd.sock.ttrpc"
TOML
    TMPDIR=$WORK setsid containerd --config "$WORK/containerd.toml" >"$WORK/containerd.log" 2>&1 &
    echo $! >"$WORK/containerd.pid"
    soon containerd_answers || { cat "$WORK/containerd.log"; return 1; }
}
containerd_answers() { ctr --address "$WORK/containerd.sock" version >/dev/null 2>&1; }
# run_daemon [OPTION…]: starts dockerd and returns when it answers.
run_daemon() {
    local parent=() log=$WORK/dockerd.log
    [ "$(driver)" = systemd ] || parent=(--cgroup-parent /corten-docker)
    # The bench compares with others.
    printf '{"runtimes":{"corten":{"path":"%s"}%s}}' "$RUNTIME" "${OTHER_RUNTIMES:-}" >"$WORK/daemon.json"
    setsid dockerd --config-file "$WORK/daemon.json" --host "$SOCKET" --data-root "$WORK/docker" --exec-root "$WORK/exec" \
        --pidfile "$WORK/dockerd.pid" --containerd "$WORK/containerd.sock" --default-runtime corten --bridge none --iptables=false --ip6tables=false \
        --storage-driver vfs --exec-opt "native.cgroupdriver=$(driver)" "${parent[@]}" "$@" >"$log" 2>&1 &
    soon answers || { cat "$log"; return 1; }
}
answers() { docker_ version >/dev/null 2>&1; }
stop_daemon() {
    local pid
    pid=$(cat "$WORK/dockerd.pid") || return 0
    kill "$pid"
    soon ended "$pid"
}
ended() { ! kill -0 "$1" 2>/dev/null; }
tear_down() {
    [ -e "$WORK/containerd.pid" ] || return 0
    if [ -e "$WORK/dockerd.pid" ]; then
        clean
        stop_daemon
    fi
    kill "$(cat "$WORK/containerd.pid")"
    soon ended "$(cat "$WORK/containerd.pid")"
    find "$WORK" -name '*.sock' -delete
    awk -v work="$WORK/" 'index($2, work) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount
    find /sys/fs/cgroup -depth -type d -path '*corten-docker*' -exec rmdir {} + 2>/dev/null || true
}
docker_() { docker --host "$SOCKET" "$@"; }
box() { docker_ run --network none "$@"; }
start() { box --detach --name "$1" "${@:2}" >/dev/null; }
clean() { docker_ ps --all --quiet | xargs -r docker --host "$SOCKET" rm --force; }
leaves_nothing() { clean >/dev/null; }

case_run_gives_output_and_codes() {
    equal "$(box --rm box echo hello)" hello
    local code=0
    box --rm box sh -c 'exit 42' || code=$?
    equal "$code" 42
    equal "$(echo piped | box --rm --interactive box cat)" piped
    code=0
    contains "$(refused box --rm box /not/there)" 'no such file or directory'
}
case_options_reach_the_container() {
    equal "$(box --rm --hostname pod --user 1000 --read-only box sh -c 'hostname; id -u; touch /x 2>/dev/null || echo read-only' | xargs)" 'pod 1000 read-only'
}
case_exec() {
    start aa box
    equal "$(docker_ exec aa echo in)" in
    equal "$(docker_ exec --user 1000 --env A=b --workdir /tmp aa sh -c 'echo $(id -u) $A $PWD')" '1000 b /tmp'
    local code=0
    docker_ exec aa sh -c 'exit 7' || code=$?
    equal "$code" 7
    equal "$(echo piped | docker_ exec --interactive aa cat)" piped
    docker_ exec --detach aa touch /tmp/made
    soon docker_ exec aa test -e /tmp/made
}
case_a_terminal() {
    start aa --tty box
    equal "$(docker_ exec --tty aa sh -c 'test -t 0 && echo terminal' | tr -d '\r')" terminal
}
case_pause_and_unpause() {
    start aa box
    docker_ pause aa
    equal "$(docker_ inspect --format '{{.State.Status}}' aa)" paused
    docker_ unpause aa
    equal "$(docker_ exec aa echo again)" again
}
case_stop_kill_and_restart() {
    start aa box
    docker_ stop --time 1 aa
    docker_ start aa
    docker_ restart --time 0 aa
    docker_ kill aa
    equal "$(docker_ wait aa)" 137
}
case_limits_and_update() {
    [ "$(driver)" = systemd ] || skip 'needs cgroup v2 with its controllers'
    start aa --memory 32m --pids-limit 50 --cpus 0.5 box
    equal "$(docker_ exec aa cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max /sys/fs/cgroup/cpu.max | xargs)" '33554432 50 50000 100000'
    docker_ update --memory 48m --memory-swap 96m --pids-limit 40 aa
    equal "$(docker_ exec aa cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max | xargs)" '50331648 40'
}
case_stats() {
    start aa box
    docker_ stats --no-stream --format '{{json .}}' aa | jq -e '.PIDs == "1"'
}
case_top_and_logs() {
    start aa box sh -c 'echo said; sleep 1000'
    contains "$(docker_ top aa)" 'sleep 1000'
    soon logged aa said
}
logged() { [ "$(docker_ logs "$1")" = "$2" ]; }
case_init() {
    command -v docker-init >/dev/null || skip 'docker-init (tini) is not installed'
    contains "$(box --rm --init box cat /proc/1/cmdline | tr '\0' ' ')" init
}
case_namespaces_of_the_host_and_of_others() {
    start aa box
    equal "$(box --rm --pid container:aa box sh -c 'cat /proc/1/cmdline' | tr '\0' ' ')" 'sleep 1000 '
    equal "$(box --rm --pid host box readlink /proc/self/ns/pid)" "$(readlink /proc/self/ns/pid)"
    equal "$(box --rm --ipc host box readlink /proc/self/ns/ipc)" "$(readlink /proc/self/ns/ipc)"
    start bb --ipc shareable box
    equal "$(box --rm --ipc container:bb box readlink /proc/self/ns/ipc)" "$(docker_ exec bb readlink /proc/self/ns/ipc)"
}
case_privileged() {
    contains "$(box --rm --privileged box cat /proc/self/status)" CapBnd
}
case_volumes() {
    mkdir -p "$WORK/volume"
    echo outside >"$WORK/volume/file"
    equal "$(box --rm --volume "$WORK/volume:/v:ro" box sh -c 'cat /v/file; touch /v/x 2>/dev/null || echo ro' | xargs)" 'outside ro'
}
case_health_checks() {
    start aa --health-cmd true --health-interval 1s box
    soon healthy aa
}
healthy() { [ "$(docker_ inspect --format '{{.State.Health.Status}}' "$1")" = healthy ]; }
case_a_container_killed_for_memory_says_so() {
    [ "$(driver)" = systemd ] || skip 'needs cgroup v2 with its controllers'
    start aa --memory 16m --memory-swap 16m box busybox tail /dev/zero
    docker_ wait aa
    equal "$(docker_ inspect --format '{{.State.OOMKilled}}' aa)" true
}
docker_id() { docker_ images --no-trunc --quiet "$1"; }
case_images_go_to_corten_and_back() {
    has_corten
    run_registry
    docker_ save --output "$WORK/docker.tar" box
    equal "$(corten load --input "$WORK/docker.tar")" 'Loaded image: box:latest'
    equal "$(corten_id box)" "$(docker_id box)"
    # As docker has it and as podman would; xz and bzip2 are docker's, too.
    for compressor in gzip xz bzip2 zstd; do
        equal "$("$compressor" -c "$WORK/docker.tar" | corten load)" 'Loaded image: box:latest'
    done
    local id
    id=$(corten_id box)
    corten tag box "$REGISTRY/box:1"
    corten save --output "$WORK/corten.tar" "$REGISTRY/box:1"
    equal "$(docker_ load --quiet --input "$WORK/corten.tar")" "Loaded image: $REGISTRY/box:1"
    equal "$(docker_id "$REGISTRY/box:1")" "$id"
    equal "$(box --rm "$REGISTRY/box:1" echo loaded)" loaded
    docker_ rmi "$REGISTRY/box:1"
    corten push --quiet "$REGISTRY/box:1"
    docker_ pull --quiet "$REGISTRY/box:1"
    equal "$(docker_id "$REGISTRY/box:1")" "$id"
    docker_ tag box "$REGISTRY/box:2"
    docker_ push --quiet "$REGISTRY/box:2"
    corten pull --quiet "$REGISTRY/box:2"
    equal "$(corten_id "$REGISTRY/box:2")" "$id"
    docker_ rmi "$REGISTRY/box:1" "$REGISTRY/box:2"
}
# What scripts read is the same text.
case_corten_says_what_docker_says() {
    has_corten
    local engine archive=$WORK/image.tar
    for engine in docker_ corten; do
        "$engine" import --message said "$archive" said:1 | sed 's/sha256:[0-9a-f]*/ID/'
        "$engine" save --output "$WORK/said.tar" said:1
        "$engine" rmi said:1 | grep -c Untagged
        "$engine" load --quiet --input "$WORK/said.tar"
        refused "$engine" save --output "$WORK/none/said.tar" said:1 >/dev/null
        refused "$engine" tag said:1 'said@sha256:0000000000000000000000000000000000000000000000000000000000000000' | grep -o 'refusing to create a tag with a digest reference'
        "$engine" history --format '{{.Comment}}' said:1
        "$engine" images --format '{{.Repository}}:{{.Tag}}' said
        "$engine" rmi said:1 >/dev/null
        refused "$engine" history said:1 | grep -o 'No such image: said:1'
    done >"$WORK/said"
    local half
    half=$(($(wc -l <"$WORK/said") / 2))
    equal "$(tail -n "$half" "$WORK/said")" "$(head -n "$half" "$WORK/said")"
}
# The last: it has another daemon.
case_ids_by_userns_remap() {
    grep -q '^dockremap:' /etc/subuid || grep -q '^tester:' /etc/subuid || skip 'no ids to map in /etc/subuid'
    local user=dockremap
    grep -q '^dockremap:' /etc/subuid || user=tester
    id "$user" >/dev/null 2>&1 || skip "there is no user $user"
    clean
    stop_daemon
    run_daemon --userns-remap "$user"
    docker_ import --change 'CMD ["sleep","1000"]' "$WORK/image.tar" box
    contains "$(box --rm box cat /proc/self/uid_map | xargs)" '0 100000 65536'
    equal "$(box --rm box id -u)" 0
    clean
    stop_daemon
    run_daemon
}

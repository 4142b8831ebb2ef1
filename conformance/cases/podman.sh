# The runtime in podman's hands, as root or as a user; with systemd's cgroups where systemd runs.
# shellcheck shell=bash disable=SC2034
set_up() {
    has_parent || : >"$WORK/no-parent"
    needs podman
    needs busybox
    needs jq
    local root=$WORK/image
    mkdir -p "$root"/{bin,etc,tmp,proc,sys,dev}
    cp "$(command -v busybox)" "$root/bin/"
    for program in sh cat sleep id true echo ls mkdir touch kill test hostname; do ln -s busybox "$root/bin/$program"; done
    printf 'root:x:0:0:root:/:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n' >"$root/etc/passwd"
    tar -C "$root" -c . | podman_ import --change 'CMD ["sleep","1000"]' - localhost/box
    rm -rf "$root"
}
tear_down() {
    podman_ rm --all --force --time 0 || true
    podman_ rmi --all --force || true
    [ ! -e "$WORK/podman" ] || podman_ unshare rm -rf "$WORK/podman" 2>/dev/null || rm -rf "$WORK/podman"
    rmdir_groups
}
leaves_nothing() {
    podman_ pod rm --all --force --time 0 >/dev/null
    # Those that others depend on stay the first time.
    podman_ rm --all --force --time 0 >/dev/null 2>&1 || podman_ rm --all --force --time 0 >/dev/null
}
clean() { leaves_nothing; }

manager() {
    if [ "$(cat /proc/1/comm)" = systemd ]; then echo systemd; else echo cgroupfs; fi
}
# Where systemd does not run, groups are below one of ours, and limits that need CAP_SYS_RESOURCE are lowered.
rmdir_groups() {
    [ "$(manager)" = cgroupfs ] || return 0
    find /sys/fs/cgroup -depth -type d -path '*corten-podman*' -exec rmdir {} + 2>/dev/null || true
    [ ! -e "$WORK/no-parent" ] || soon without_parent
}
# Where restored containers and those of pods are, whatever --cgroup-parent says.
has_parent() { find /sys/fs/cgroup -maxdepth 2 -name libpod_parent 2>/dev/null | grep -q .; }
without_parent() {
    find /sys/fs/cgroup -depth -type d -path '*/libpod_parent*' -exec rmdir {} + 2>/dev/null || true
    ! has_parent
}
podman_() {
    local driver=()
    [ "$(id -u)" != 0 ] || driver=(--storage-driver vfs)
    [ -z "${CONMON:-}" ] || driver+=(--conmon "$CONMON")
    podman --root "$WORK/podman/root" --runroot "$WORK/podman/run" --tmpdir "$WORK/podman/tmp" "${driver[@]}" \
        --cgroup-manager "$(manager)" --events-backend file --runtime "$RUNTIME" "$@"
}
options() {
    if [ "$(manager)" = cgroupfs ] && [ "$(id -u)" = 0 ]; then
        echo --cgroup-parent=/corten-podman --ulimit=nofile=1024:1024 --ulimit=nproc=4096:4096
    fi
}
# shellcheck disable=SC2046
box() { podman_ run --network none $(options) "$@"; }
start() { box --detach --name "$1" "${@:2}" >/dev/null; }

case_run_gives_output_and_codes() {
    equal "$(box --rm localhost/box echo hello)" hello
    local code=0
    box --rm localhost/box sh -c 'exit 42' || code=$?
    equal "$code" 42
    equal "$(echo piped | box --rm --interactive localhost/box cat)" piped
    code=0
    box --rm localhost/box /not/there || code=$?
    equal "$code" 127
}
case_the_runtime_is_ours() {
    start a localhost/box
    equal "$(podman_ inspect --format '{{.OCIRuntime}}' a)" "$RUNTIME"
}
case_options_reach_the_container() {
    equal "$(box --rm --hostname pod --user 1000 --read-only --cap-drop all localhost/box sh -c 'hostname; id -u; touch /x 2>/dev/null || echo read-only' | xargs)" 'pod 1000 read-only'
}
case_a_terminal() {
    needs script
    contains "$(SHELL=/bin/bash script -qec "$(declare -f podman_ manager options box); box --rm -t localhost/box sh -c 'test -t 0 && echo terminal'" /dev/null)" terminal
}
case_exec() {
    start a localhost/box
    equal "$(podman_ exec a echo in)" in
    equal "$(podman_ exec --user 1000 --env A=b --workdir /tmp a sh -c 'echo $(id -u) $A $PWD')" '1000 b /tmp'
    local code=0
    podman_ exec a sh -c 'exit 7' || code=$?
    equal "$code" 7
    equal "$(echo piped | podman_ exec --interactive a cat)" piped
    podman_ exec --detach a touch /tmp/made
    soon podman_ exec a test -e /tmp/made
}
case_pause_and_unpause() {
    start a localhost/box
    podman_ pause a
    equal "$(podman_ inspect --format '{{.State.Status}}' a)" paused
    podman_ unpause a
    equal "$(podman_ exec a echo again)" again
}
case_stop_and_restart() {
    start a localhost/box
    podman_ stop --time 1 a
    podman_ start a
    podman_ restart --time 0 a
    equal "$(podman_ inspect --format '{{.State.Status}}' a)" running
    podman_ kill --signal KILL a
    equal "$(podman_ wait a)" 137
}
case_limits() {
    [ "$(manager)" = systemd ] || skip 'limits are the other suites here'
    start a --memory 32m --pids-limit 50 --cpus 0.5 localhost/box
    equal "$(podman_ exec a cat /sys/fs/cgroup/{memory,pids,cpu}.max | xargs)" '33554432 50 50000 100000'
}
case_update() {
    [ "$(manager)" = systemd ] || skip 'needs cgroup v2 with its controllers'
    start a --memory 32m localhost/box
    podman_ update --memory 48m --pids-limit 40 a
    equal "$(podman_ exec a cat /sys/fs/cgroup/{memory,pids}.max | xargs)" '50331648 40'
}
case_stats() {
    [ "$(manager)" = systemd ] || skip 'needs cgroup v2 with its controllers'
    start a localhost/box
    podman_ stats --no-stream --format json a | jq -e '.[0].pids == "1"'
}
case_top_and_logs() {
    start a localhost/box sh -c 'echo said; sleep 1000'
    contains "$(podman_ top a)" 'sleep 1000'
    soon test -n "$(podman_ logs a)"
    equal "$(podman_ logs a)" said
}
case_health_checks() {
    start a --health-cmd 'test -e /tmp/well' --health-interval disable localhost/box
    refused podman_ healthcheck run a
    podman_ exec a touch /tmp/well
    podman_ healthcheck run a
}
case_pods() {
    podman_ pod create --name p --infra=false >/dev/null
    podman_ create --network none --pod p --name a $(options_in_pod) localhost/box >/dev/null
    podman_ create --network none --pod p --name b $(options_in_pod) localhost/box >/dev/null
    podman_ pod start p
    equal "$(podman_ pod inspect --format '{{.State}}' p)" Running
    podman_ pod stop --time 0 p
}
options_in_pod() { options | sed 's/--cgroup-parent=[^ ]*//'; }
case_shared_namespaces() {
    start a localhost/box
    start b --pid container:a --ipc container:a localhost/box
    contains "$(podman_ exec b ls /proc)" 1
    equal "$(podman_ exec a readlink /proc/1/ns/ipc 2>/dev/null || podman_ exec a busybox readlink /proc/1/ns/ipc)" "$(podman_ exec b busybox readlink /proc/self/ns/ipc)"
}
case_ids_by_userns_auto() {
    grep -q "^\(containers\|$(id -un)\):" /etc/subuid || skip '--userns=auto needs ids of "containers" in /etc/subuid'
    contains "$(box --rm --userns=auto localhost/box cat /proc/self/uid_map | xargs)" '0 '
}
case_keep_id() {
    [ "$(id -u)" != 0 ] || skip '--userns=keep-id is for users'
    equal "$(box --rm --userns=keep-id localhost/box id -u)" "$(id -u)"
}
case_volumes() {
    mkdir -p "$WORK/volume"
    echo outside >"$WORK/volume/file"
    equal "$(box --rm --volume "$WORK/volume:/v:ro" localhost/box sh -c 'cat /v/file; touch /v/x 2>/dev/null || echo ro' | xargs)" 'outside ro'
}
case_init() {
    [ -x /usr/libexec/podman/catatonit ] || command -v catatonit >/dev/null || skip 'catatonit is not installed'
    equal "$(box --rm --init localhost/box echo hello)" hello
}
case_play_kube() {
    [ "$(manager)" = systemd ] || skip 'play kube needs pods with systemd here'
    cat >"$WORK/pod.yaml" <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: kube}
spec:
  hostNetwork: true
  containers:
  - {name: box, image: localhost/box, imagePullPolicy: Never, command: [sleep, "1000"]}
YAML
    podman_ kube play "$WORK/pod.yaml" >/dev/null
    equal "$(podman_ exec kube-box echo in)" in
    podman_ kube down "$WORK/pod.yaml"
}
case_checkpoint_and_restore() {
    needs criu
    [ "$(id -u)" = 0 ] || skip 'CRIU needs root'
    criu check >/dev/null 2>&1 || skip "CRIU does not work on this kernel"
    start a localhost/box sh -c 'i=0; while true; do i=$((i+1)); echo $i >/tmp/n; sleep 1; done'
    soon podman_ exec a test -s /tmp/n
    podman_ container checkpoint a
    equal "$(podman_ inspect --format '{{.State.Status}}' a)" exited
    podman_ container restore a
    equal "$(podman_ inspect --format '{{.State.Status}}' a)" running
    podman_ exec a true
}
case_build() {
    printf 'FROM localhost/box\nRUN echo built >/made\n' >"$WORK/Containerfile"
    podman_ build --isolation oci --network none --tag localhost/made -f "$WORK/Containerfile" "$WORK" >/dev/null
    equal "$(box --rm localhost/made cat /made)" built
    podman_ rmi localhost/made >/dev/null
}

podman_id() { podman_ images --no-trunc --quiet "$1"; }
case_images_go_to_corten_and_back() {
    has_corten
    needs skopeo
    run_registry
    local format name=localhost/box:latest id
    id=$(podman_id localhost/box)
    for format in oci-archive docker-archive; do
        rm -f "$WORK/podman.tar"
        podman_ save --quiet --format $format --output "$WORK/podman.tar" localhost/box
        equal "$(corten load --input "$WORK/podman.tar")" "Loaded image: $name"
        corten tag $name "localhost/$format:1"
    done
    equal "$(corten_id localhost/oci-archive:1)" "$id"
    corten save --output "$WORK/corten.tar" localhost/oci-archive:1
    podman_ load --quiet --input "$WORK/corten.tar"
    equal "$(podman_id localhost/oci-archive:1)" "$id"
    corten tag localhost/oci-archive:1 "$REGISTRY/box:1"
    corten push --quiet "$REGISTRY/box:1"
    podman_ pull --quiet --tls-verify=false "$REGISTRY/box:1"
    equal "$(podman_id "$REGISTRY/box")" "$id"
    podman_ push --quiet --tls-verify=false "$REGISTRY/box:1" "$REGISTRY/box:2"
    corten pull --quiet "$REGISTRY/box:2"
    equal "$(corten_id "$REGISTRY/box:2")" "$id"
    podman_ rmi "$REGISTRY/box:1" localhost/oci-archive:1
}
case_manifest_lists_go_to_corten_and_back() {
    has_corten
    needs skopeo
    run_registry
    local digest name=$REGISTRY/two:1
    digest=$(two_platforms "$WORK/two" "$name")
    corten load --input "$WORK/two"
    corten push --quiet "$name"
    equal "$(pushed "$name")" "$digest"
    podman_ manifest create list
    podman_ manifest add --all --tls-verify=false list "docker://$name"
    podman_ manifest push --all --tls-verify=false list "docker://$REGISTRY/list:1"
    podman_ manifest rm list
    corten pull --quiet --all-platforms "$REGISTRY/list:1"
    corten tag "$REGISTRY/list:1" "$REGISTRY/again:1"
    corten push --quiet "$REGISTRY/again:1"
    equal "$(pushed "$REGISTRY/again:1")" "$(pushed "$REGISTRY/list:1")"
    equal "$(skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/again:1" | jq '.manifests | length')" 2
}

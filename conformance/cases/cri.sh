# Kubernetes' way to Corten: containerd's CRI plugin with a runtime of our shim, and a client of its own.
# shellcheck shell=bash
. "$CASES/shim-v2.sh"

set_up() {
    /usr/bin/python3 -c 'import grpc' 2>/dev/null || skip 'python3-grpcio is not installed'
    # What docs/kubernetes.md shows, on directories of its own.
    cat >"$WORK/cri.toml" <<TOML
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/box:latest"
  disable_apparmor = true
  disable_tcp_service = true
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$WORK/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
    default_runtime_name = "corten"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.corten]
    runtime_type = "io.containerd.corten.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.corten.options]
      ConfigPath = "$WORK/corten.toml"
TOML
    echo 'SystemdCgroup = false' >"$WORK/corten.toml"
    mkdir -p "$WORK/cni" "$WORK/logs"
    set_up_shim
    ctr_ images import --snapshotter native "$WORK/image.tar"
}
ctr_() { ctr --address "$WORK/c.sock" --namespace k8s.io "$@"; }
cri() { "$CASES/cri-client" "$WORK/c.sock" "$@"; }
pod() { cri run-pod "$1" "$WORK/logs" "/corten-ctr/$1" "${@:2}"; }
container() { local id; id=$(cri create "$1" "$2" "$WORK/logs" "/corten-ctr/$2" localhost/box:latest "${@:3}"); cri start "$id"; echo "$id"; }
clean() { cri clean; }
gone() { cri stop-pod "$1"; cri rm-pod "$1"; }
is() { [[ $(cri status "$1") == $2 ]]; }

case_a_pod_with_two_containers() {
    local pod one two memory
    pod=$(pod p)
    one=$(container "$pod" one sh -c 'echo hello; echo oops >&2; sleep 1000')
    two=$(container "$pod" two sh -c 'exit 7')
    soon is "$two" 'exited 7'
    equal "$(cri status "$one")" 'running 0'
    # One shim for all three.
    equal "$(shims | wc -l)" 1
    equal "$(cri exec "$one" echo in)" in
    local code=0
    cri exec "$one" sh -c 'exit 5' || code=$?
    equal "$code" 5
    # The log in the format of the CRI.
    soon grep -q 'stderr F oops' "$WORK/logs/one.log"
    contains "$(cat "$WORK/logs/one.log")" 'stdout F hello'
    read -r _ memory <<<"$(cri stats "$one")"
    [ "$memory" -gt 50000 ]
    cri stop "$one"
    soon is "$one" 'exited 137'
    gone "$pod"
}
case_containers_that_share_their_process_ids() {
    local pod one
    pod=$(pod p shared)
    # The pod's own process is the first.
    one=$(container "$pod" one sh -c 'sleep 999 & echo my number is $$; sleep 1000')
    soon grep -q 'my number is' "$WORK/logs/one.log"
    [ "$(sed -n 's/.*my number is //p' "$WORK/logs/one.log")" != 1 ]
    cri stop "$one"
    # What it left behind has gone with it, although the pod's process ids live on.
    soon no_process 'sleep 999'
    gone "$pod"
}
case_limits_change_while_it_runs() {
    local pod one
    pod=$(pod p)
    one=$(container "$pod" one sleep 1000)
    equal "$(groups_with_512_shares)" 0
    cri update "$one" 512
    equal "$(groups_with_512_shares)" 1
    gone "$pod"
}
# Or, on v2, with the weight that these are by runc's formula.
groups_with_512_shares() {
    find /sys/fs/cgroup -path '*/corten-ctr/one/*' '(' -name cpu.shares -o -name cpu.weight ')' -exec cat {} + | grep -cxE '512|59' || true
}
case_containerd_restarts_under_pods() {
    local pod one two
    pod=$(pod p)
    one=$(container "$pod" one sleep 1000)
    two=$(container "$pod" two sh -c 'sleep 1; exit 23')
    stop_containerd -KILL
    soon no_process 'sleep 1; exit 23'
    containerd_again
    soon is "$two" 'exited 23'
    equal "$(cri status "$one")" 'running 0'
    equal "$(cri exec "$one" echo in)" in
    gone "$pod"
}
case_many_pods_at_once() {
    local count=${MANY:-20}
    equal "$(cri many "$count" "$WORK/logs" /corten-ctr localhost/box:latest)" "$count pods"
    equal "$(cat "$WORK"/logs/many*.log | grep -c 'stdout F many')" "$count"
}

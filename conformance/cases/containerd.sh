# The runtime in containerd's hands: a containerd of its own, io.containerd.runc.v2 with BinaryName.
# shellcheck shell=bash
set_up() {
    needs containerd
    needs ctr
    needs containerd-shim-runc-v2
    needs busybox
    needs jq
    [ "$(id -u)" = 0 ] || skip 'needs root'
    cat >"$WORK/config.toml" <<TOML
version = 2
root = "$WORK/root"
state = "$WORK/run"
disabled_plugins = [$([ -e "$WORK/cri.toml" ] || echo '"io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime", "io.containerd.cri.v1.images"')]
[grpc]
  address = "$WORK/c.sock"
[ttrpc]
  address = "$WORK/c.sock.ttrpc"
$(cat "$WORK/cri.toml" 2>/dev/null || true)
TOML
    TMPDIR=$WORK setsid containerd --config "$WORK/config.toml" >"$WORK/containerd.log" 2>&1 &
    echo $! >"$WORK/pid"
    soon answers || { cat "$WORK/containerd.log"; return 1; }
    make_image
    ctr_ images import "$WORK/image.tar"
}
answers() { ctr_ version >/dev/null 2>&1; }
# An OCI layout with one layer, in one archive.
make_image() {
    local dir=$WORK/layout layer config manifest program
    mkdir -p "$dir/blobs/sha256" "$WORK/rootfs"/{bin,etc,tmp,proc,sys,dev}
    cp "$(command -v busybox)" "$WORK/rootfs/bin/"
    for program in sh cat head sleep id true echo ls touch test tty stty; do ln -s busybox "$WORK/rootfs/bin/$program"; done
    tar -C "$WORK/rootfs" -c . >"$WORK/layer"
    layer=$(blob "$WORK/layer")
    jq -n --arg layer "sha256:$layer" '{architecture:"amd64",os:"linux",config:{Cmd:["sleep","1000"],Env:["PATH=/bin"]},rootfs:{type:"layers",diff_ids:[$layer]}}' >"$WORK/config"
    config=$(blob "$WORK/config")
    jq -n --arg layer "sha256:$layer" --argjson size "$(stat -c %s "$dir/blobs/sha256/$layer")" \
        --arg config "sha256:$config" --argjson csize "$(stat -c %s "$dir/blobs/sha256/$config")" \
        '{schemaVersion:2,mediaType:"application/vnd.oci.image.manifest.v1+json",
          config:{mediaType:"application/vnd.oci.image.config.v1+json",digest:$config,size:$csize},
          layers:[{mediaType:"application/vnd.oci.image.layer.v1.tar",digest:$layer,size:$size}]}' >"$WORK/manifest"
    manifest=$(blob "$WORK/manifest")
    jq -n --arg digest "sha256:$manifest" --argjson size "$(stat -c %s "$dir/blobs/sha256/$manifest")" \
        '{schemaVersion:2,manifests:[{mediaType:"application/vnd.oci.image.manifest.v1+json",digest:$digest,size:$size,
          annotations:{"io.containerd.image.name":"localhost/box:latest","org.opencontainers.image.ref.name":"latest"}}]}' >"$dir/index.json"
    echo '{"imageLayoutVersion":"1.0.0"}' >"$dir/oci-layout"
    tar -C "$dir" -cf "$WORK/image.tar" .
}
blob() { local sum; sum=$(sha256sum "$1" | cut -d' ' -f1); mv "$1" "$WORK/layout/blobs/sha256/$sum"; echo "$sum"; }
ctr_() { ctr --address "$WORK/c.sock" "$@"; }
box() { ctr_ run --snapshotter native --runtime io.containerd.runc.v2 --runc-binary "$RUNTIME" --cgroup /corten-ctr "$@"; }
start() { box --detach localhost/box:latest "$@" </dev/null; }
tasks() { ctr_ tasks list --quiet; }
clean() {
    local id
    for id in $(tasks); do
        # It may have ended; with --force, ctr's `delete` kills, too, and fails then. Its exit code is the container's.
        ctr_ tasks kill --signal SIGKILL "$id" || true
        soon stopped "$id"
        ctr_ tasks delete "$id" || true
    done
    for id in $(ctr_ containers list --quiet); do ctr_ containers delete "$id"; done
}
leaves_nothing() { clean >/dev/null 2>&1 || true; equal "$(tasks)" ''; }
tear_down() {
    [ -e "$WORK/pid" ] || return 0
    clean
    kill "$(cat "$WORK/pid")"
    soon ended "$(cat "$WORK/pid")"
    awk -v work="$WORK/" 'index($2, work) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount
    find /sys/fs/cgroup -depth -type d -path '*corten-ctr*' -exec rmdir {} + 2>/dev/null || true
}
ended() { ! kill -0 "$1" 2>/dev/null; }
state() { ctr_ tasks list | awk -v id="$1" '$1 == id { print $3 }'; }

case_run_gives_output_and_codes() {
    equal "$(box --rm localhost/box:latest a echo hello </dev/null)" hello
    local code=0
    box --rm localhost/box:latest a sh -c 'exit 42' </dev/null || code=$?
    equal "$code" 42
    contains "$(refused box --rm localhost/box:latest a /not/there </dev/null)" 'no such file or directory'
}
case_exec() {
    start a
    equal "$(ctr_ tasks exec --exec-id one a echo in </dev/null)" in
    local code=0
    ctr_ tasks exec --exec-id two a sh -c 'exit 7' </dev/null || code=$?
    equal "$code" 7
}
case_pause_and_resume() {
    start a
    ctr_ tasks pause a
    equal "$(state a)" PAUSED
    ctr_ tasks resume a
    equal "$(state a)" RUNNING
}
case_metrics() {
    start a
    contains "$(ctr_ tasks metrics a)" pids.current
}
case_processes_are_listed() {
    start a
    equal "$(ctr_ tasks ps a | wc -l)" 2
}
case_kill() {
    start a
    ctr_ tasks kill --signal SIGKILL a
    soon stopped a
}
stopped() { [ "$(state "$1")" = STOPPED ]; }
case_checkpoint_and_restore() {
    needs criu
    criu check >/dev/null 2>&1 || skip "CRIU does not work on this kernel"
    start a
    ctr_ containers checkpoint --image --task --rw a localhost/checkpoint:a
    clean
    ctr_ containers restore --live b localhost/checkpoint:a </dev/null &
    soon running b
}
running() { [ "$(state "$1")" = RUNNING ]; }

digest_here() { ctr_ images list "name==$1" | awk 'NR == 2 { print $3 }'; }
case_images_go_to_corten_and_back() {
    has_corten
    run_registry
    local name=localhost/box:latest digest
    digest=$(digest_here $name)
    ctr_ images export "$WORK/ctr.tar" $name
    equal "$(corten load --input "$WORK/ctr.tar")" "Loaded image: $name"
    corten save --output "$WORK/corten.tar" $name
    ctr_ images remove $name
    ctr_ images import "$WORK/corten.tar"
    equal "$(digest_here $name)" "$digest"
    equal "$(box --rm $name a echo back </dev/null)" back
    # The layer of this image is plain; what is pushed has it compressed.
    corten tag $name "$REGISTRY/box:1"
    corten push --quiet "$REGISTRY/box:1"
    ctr_ images pull --plain-http --snapshotter native "$REGISTRY/box:1"
    equal "$(digest_here "$REGISTRY/box:1")" "$(pushed "$REGISTRY/box:1")"
    ctr_ images tag "$REGISTRY/box:1" "$REGISTRY/box:2"
    ctr_ images push --plain-http "$REGISTRY/box:2"
    equal "$(pushed "$REGISTRY/box:2")" "$(pushed "$REGISTRY/box:1")"
    corten pull --quiet "$REGISTRY/box:2"
    equal "$(corten_id "$REGISTRY/box:2")" "$(corten_id "$REGISTRY/box:1")"
}
case_indexes_go_to_corten_and_back() {
    has_corten
    needs skopeo
    run_registry
    local name=$REGISTRY/two:1 digest
    digest=$(two_platforms "$WORK/two" "$name")
    corten load --input "$WORK/two"
    corten save --output "$WORK/two.tar" "$name"
    ctr_ images import --all-platforms --no-unpack "$WORK/two.tar"
    equal "$(digest_here "$name")" "$digest"
    ctr_ images push --plain-http "$name"
    equal "$(pushed "$name")" "$digest"
    ctr_ images export --all-platforms "$WORK/back.tar" "$name"
    corten rmi "$name"
    equal "$(corten load --input "$WORK/back.tar")" "Loaded image: $name"
    corten tag "$name" "$REGISTRY/again:1"
    corten push --quiet "$REGISTRY/again:1"
    equal "$(pushed "$REGISTRY/again:1")" "$digest"
    ctr_ content fetch --plain-http --all-platforms "$REGISTRY/again:1"
    equal "$(digest_here "$REGISTRY/again:1")" "$digest"
}

# What cases share.  shellcheck shell=bash
# $WORK: the area's directory, gone afterwards.  $RUNTIME: the runtime under test.

set_up() { :; }
tear_down() { :; }
leaves_nothing() { :; }
# After a case that failed: so that it does not spoil the next.
clean() { local id; for id in $(ls "$WORK/state"); do runtime delete --force "$id"; done; }

# The newest CRIU, where the caller knows one.
[ -z "${CORTEN_CRIU:-}" ] || PATH=$(dirname "$CORTEN_CRIU"):$PATH

# skip WHY: the case, or in set_up the whole area, does not apply here.
skip() { echo "$*"; exit 77; }
needs() { command -v "$1" >/dev/null || skip "$1 is not installed"; }
fail() { echo "expected: $*"; return 1; }

# equal FOUND EXPECTED
equal() { [ "$1" = "$2" ] || { echo "found:    $1"; fail "$2"; }; }
# contains TEXT PART
contains() { [[ $1 == *"$2"* ]] || { echo "found:    $1"; fail "... $2 ..."; }; }
# refused COMMAND…: it must fail; prints what it said.
refused() {
    local said
    if said=$("$@" 2>&1); then echo "$said"; fail "a failure of: $*"; fi
    echo "$said"
}
# soon COMMAND…: becomes true within two minutes (machines may be slow): for what others do in their own time.
soon() {
    local end=$((SECONDS + 120))
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || { fail "soon: $*"; return 1; }
        read -r -t 0.1 <> <(:) || true
    done
}

runtime() { "$RUNTIME" --root "$WORK/state" "${DRIVER[@]}" "$@"; }
DRIVER=()

# bundle NAME [JQ]: a bundle with busybox whose program sleeps, its config.json changed.
bundle() {
    local dir=$WORK/$1 program
    rm -rf "$dir"
    mkdir -p "$dir"/rootfs/{bin,proc,sys,dev,tmp,etc}
    cp "$(command -v busybox)" "$dir/rootfs/bin/busybox"
    for program in sh cat sleep id true echo dd tail ls mkdir touch kill; do ln -s busybox "$dir/rootfs/bin/$program"; done
    echo root:x:0:0:root:/:/bin/sh >"$dir/rootfs/etc/passwd"
    (cd "$dir" && runtime spec ${SPEC:-})
    edit "$1" '.process.terminal=false | .root.readonly=false | .process.args=["sleep","1000"]' "${2:-.}"
}
# edit NAME JQ…
edit() {
    local file=$WORK/$1/config.json change
    shift
    for change; do jq "$change" "$file" >"$file.new" && mv "$file.new" "$file"; done
}
start() { runtime run --detach --bundle "$WORK/$1" "${@:2}" "$1" </dev/null >"$WORK/$1.out" 2>&1 || { cat "$WORK/$1.out"; return 1; }; }
run() { runtime run --bundle "$WORK/$1" "$1"; }
inside() { runtime exec "$@"; }
status() { runtime state "$1" | jq -r .status; }
pid() { runtime state "$1" | jq -r .pid; }
group() { echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(pid "$1")/cgroup")"; }

# No state, no group, no unit named after a container of this area.
no_container_left() {
    local left
    left=$(ls "$WORK/state" 2>/dev/null || true)
    equal "$left" ''
    left=$(find /sys/fs/cgroup -type d -name 'corten-*.scope' 2>/dev/null || true)
    equal "$left" ''
    if [ ${#DRIVER[@]} -gt 0 ]; then
        left=$(systemctl ${USER_MANAGER:-} list-units --all --plain --no-legend 'corten-*.scope')
        equal "$left" ''
    fi
}

# corten beside the runtime, with a store of the area's.
corten() { "$(dirname "$RUNTIME")/corten" --root "$WORK/corten/root" --state-dir "$WORK/corten/run" "$@"; }
has_corten() {
    [ -x "$(dirname "$RUNTIME")/corten" ] || skip 'corten is not beside the runtime'
    [ "$(id -u)" = 0 ] || skip "corten's store here is root's"
}
corten_id() { corten images --no-trunc --quiet "$1"; }
# run_registry: until the case ends; REGISTRY is where.
run_registry() {
    needs docker-registry
    printf 'version: 0.1\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: "127.0.0.1:0"}\n' "$WORK/registry" >"$WORK/registry.yml"
    : >"$WORK/registry.log" # emptied now: the one of the case before names another address
    OTEL_TRACES_EXPORTER=none docker-registry serve "$WORK/registry.yml" >>"$WORK/registry.log" 2>&1 &
    # shellcheck disable=SC2064
    trap "kill $!" EXIT
    soon listens
    REGISTRY=$(listens)
}
listens() { grep -oE 'listening on [0-9.:]+' "$WORK/registry.log" | cut -d' ' -f3; }
# pushed NAME: the digest of what the registry has.
pushed() { skopeo inspect --raw --tls-verify=false "docker://$1" | sha256sum | sed 's/^\([0-9a-f]*\).*/sha256:\1/'; }

# two_platforms DIR NAME: an OCI layout with an index of amd64 and s390x; prints its digest.
two_platforms() {
    local dir=$1 arch layer config manifest entries=[]
    mkdir -p "$dir/blobs/sha256"
    for arch in amd64 s390x; do
        echo "for $arch" >"$dir/what"
        tar -C "$dir" --sort=name --mtime=@0 -cf "$dir/new" what
        layer=$(put_blob "$dir")
        jq -n --arg arch $arch --arg layer "$layer" \
            '{architecture:$arch,os:"linux",config:{Cmd:["/what"]},rootfs:{type:"layers",diff_ids:[$layer]}}' >"$dir/new"
        config=$(put_blob "$dir")
        jq -n --argjson config "$(described "$dir" "$config" application/vnd.oci.image.config.v1+json)" \
            --argjson layer "$(described "$dir" "$layer" application/vnd.oci.image.layer.v1.tar)" \
            '{schemaVersion:2,mediaType:"application/vnd.oci.image.manifest.v1+json",config:$config,layers:[$layer]}' >"$dir/new"
        manifest=$(put_blob "$dir")
        entries=$(jq --arg arch $arch --argjson entry "$(described "$dir" "$manifest" application/vnd.oci.image.manifest.v1+json)" \
            '. + [$entry + {platform:{os:"linux",architecture:$arch}}]' <<<"$entries")
    done
    jq -n --argjson entries "$entries" '{schemaVersion:2,mediaType:"application/vnd.oci.image.index.v1+json",manifests:$entries}' >"$dir/new"
    manifest=$(put_blob "$dir")
    rm "$dir/what"
    jq -n --arg name "$2" --argjson entry "$(described "$dir" "$manifest" application/vnd.oci.image.index.v1+json)" \
        '{schemaVersion:2,manifests:[$entry + {annotations:{"io.containerd.image.name":$name,"org.opencontainers.image.ref.name":($name|split(":")|last)}}]}' \
        >"$dir/index.json"
    echo '{"imageLayoutVersion":"1.0.0"}' >"$dir/oci-layout"
    echo "$manifest"
}
put_blob() { local sum; sum=$(sha256sum "$1/new" | cut -d' ' -f1); mv "$1/new" "$1/blobs/sha256/$sum"; echo "sha256:$sum"; }
described() { jq -n --arg digest "$2" --arg type "$3" --argjson size "$(stat -c %s "$1/blobs/sha256/${2#sha256:}")" '{mediaType:$type,digest:$digest,size:$size}'; }

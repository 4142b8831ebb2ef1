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

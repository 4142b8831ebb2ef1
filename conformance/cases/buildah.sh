# The runtime in buildah's hands.  shellcheck shell=bash
set_up() {
    needs buildah
    needs busybox
    [ "$(id -u)" = 0 ] || skip 'buildah is tested as root; podman build as both'
}
tear_down() { ! [ -e "$WORK/buildah" ] || { buildah_ rm --all >/dev/null; buildah_ rmi --all --force >/dev/null; rm -rf "$WORK/buildah"; }; }
buildah_() { buildah --root "$WORK/buildah/root" --runroot "$WORK/buildah/run" --storage-driver vfs "$@"; }

case_run_in_a_working_container() {
    local box
    box=$(buildah_ from scratch)
    buildah_ copy "$box" "$(command -v busybox)" /bin/busybox >/dev/null
    buildah_ run --runtime "$RUNTIME" --isolation oci --network none "$box" /bin/busybox sh -c 'echo built >/made'
    equal "$(cat "$(buildah_ mount "$box")/made")" built
    buildah_ umount "$box" >/dev/null
    local code=0
    buildah_ run --runtime "$RUNTIME" --isolation oci --network none "$box" /bin/busybox sh -c 'exit 7' || code=$?
    equal "$code" 7
    buildah_ rm "$box" >/dev/null
}
case_build() {
    mkdir -p "$WORK/context"
    cp "$(command -v busybox)" "$WORK/context/"
    printf 'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox","sh","-c","echo built >/made"]\n' >"$WORK/context/Containerfile"
    buildah_ build --runtime "$RUNTIME" --isolation oci --network none --tag localhost/made "$WORK/context" >/dev/null
    buildah_ from --name made localhost/made >/dev/null
    equal "$(cat "$(buildah_ mount made)/made")" built
    buildah_ umount made >/dev/null
    buildah_ rm made >/dev/null
}

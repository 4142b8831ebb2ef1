# A user without privileges: run as that user.  shellcheck shell=bash disable=SC2034
set_up() {
    needs busybox
    needs jq
    [ "$(id -u)" != 0 ] || skip 'run it as a user, not as root'
}
leaves_nothing() { no_container_left; }
SPEC=--rootless
export USER_MANAGER=--user

systemd() {
    [ -S "${XDG_RUNTIME_DIR:-/nowhere}/systemd/private" ] || skip 'this user has no systemd'
    DRIVER=(--systemd-cgroup)
}
# All ids of /etc/subuid and /etc/subgid.
all_ids() {
    local first
    needs newuidmap
    first=$(sed -n "s/^$(id -un)://p" /etc/subuid | cut -d: -f1)
    [ -n "$first" ] || skip 'this user has no ids in /etc/subuid'
    edit "$1" ".linux.uidMappings += [{\"containerID\":1,\"hostID\":$first,\"size\":65536}]
        | .linux.gidMappings += [{\"containerID\":1,\"hostID\":$first,\"size\":65536}]"
}

case_one_id() {
    bundle a '.process.args=["sh","-c","id -u; cat /proc/self/setgroups"]'
    equal "$(run a | xargs)" '0 deny'
}

case_all_ids() {
    bundle a '.process.args=["sh","-c","id -u; touch /tmp/f; busybox chown 7:8 /tmp/f; busybox stat -c %u:%g /tmp/f"]
        | .process.capabilities |= map_values(. + ["CAP_CHOWN"])'
    all_ids a
    equal "$(run a | xargs)" '0 7:8'
    runtime delete --force a
    rm -f "$WORK/a/rootfs/tmp/f"
}

case_another_user_of_all_ids() {
    bundle a '.process.args=["id","-u"] | .process.user={"uid":1000,"gid":1000,"additionalGids":[5]}'
    all_ids a
    equal "$(run a)" 1000
}

case_exec_and_signals() {
    bundle a
    start a
    equal "$(inside a id -u)" 0
    runtime kill a KILL
    runtime delete --force a
}

case_limits_without_a_cgroup_are_refused() {
    bundle a '.linux.resources={"memory":{"limit":33554432}} | .linux.cgroupsPath="/corten-nobody"'
    contains "$(refused runtime run --bundle "$WORK/a" a)" 'delegate'
}

case_a_delegated_cgroup_limits() {
    systemd
    DRIVER=()
    local own
    own=$(sed -n 's/^0:://p' /proc/self/cgroup)
    [ -w "/sys/fs/cgroup$own/cgroup.procs" ] || skip 'this user has no delegated cgroup here'
    bundle a ".linux.resources={\"memory\":{\"limit\":33554432}} | .linux.cgroupsPath=\"${own%/*}/corten-delegated\""
    start a
    equal "$(cat "$(group a)/memory.max")" 33554432
    equal "$(inside a id -u)" 0
    runtime delete --force a
}

case_a_scope_of_the_users_systemd() {
    systemd
    bundle a '.linux.resources={"memory":{"limit":33554432},"pids":{"limit":20},"cpu":{"quota":50000,"period":100000}}'
    start a
    contains "$(group a)" "/user@$(id -u).service/user.slice/corten-a.scope"
    equal "$(cat "$(group a)"/{memory.max,pids.max,cpu.max} | xargs)" '33554432 20 50000 100000'
    equal "$(systemctl --user show corten-a.scope -p MemoryMax --value)" 33554432
    runtime update --memory 50331648 a
    equal "$(systemctl --user show corten-a.scope -p MemoryMax --value) $(cat "$(group a)/memory.max")" '50331648 50331648'
    equal "$(inside a id -u)" 0
    runtime pause a
    equal "$(status a)" paused
    runtime resume a
    runtime delete --force a
}

case_a_scope_with_all_ids() {
    systemd
    bundle a
    all_ids a
    start a
    contains "$(group a)" corten-a.scope
    runtime delete --force a
}

case_the_users_bus_serves_as_well() {
    systemd
    bundle a
    local dir=$XDG_RUNTIME_DIR
    unset XDG_RUNTIME_DIR
    DBUS_SESSION_BUS_ADDRESS=unix:path=$dir/bus start a
    export XDG_RUNTIME_DIR=$dir
    contains "$(group a)" corten-a.scope
    runtime delete --force a
}

case_the_machines_systemd_is_not_for_users() {
    systemd
    bundle a
    contains "$(refused runtime --rootless=false run --bundle "$WORK/a" a)" systemd
}

case_without_a_users_systemd_the_error_says_so() {
    systemd
    bundle a
    local said
    said=$(env -u XDG_RUNTIME_DIR -u DBUS_SESSION_BUS_ADDRESS "$RUNTIME" --root "$WORK/state" --systemd-cgroup run --bundle "$WORK/a" a 2>&1) && fail 'a failure'
    contains "$said" XDG_RUNTIME_DIR
    contains "$said" enable-linger
}

case_inside_a_user_namespace_of_one_id() {
    bundle a '.process.args=["id","-u"] | .linux.uidMappings[0].hostID=0 | .linux.gidMappings[0].hostID=0'
    equal "$(unshare --user --map-root-user "$RUNTIME" --root "$WORK/state" run --bundle "$WORK/a" a 2>"$WORK/errors")" 0
}

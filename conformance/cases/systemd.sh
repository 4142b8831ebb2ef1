# --systemd-cgroup with the machine's systemd.  shellcheck shell=bash disable=SC2034
DRIVER=(--systemd-cgroup)
set_up() {
    needs busybox
    needs jq
    [ "$(id -u)" = 0 ] || skip 'needs root'
    [ "$(cat /proc/1/comm)" = systemd ] || skip 'systemd is not process 1'
}
leaves_nothing() { no_container_left; }

show() { systemctl show "$1" -p "$2" --value; }

case_a_scope_has_its_limits_as_properties_and_in_its_files() {
    bundle a '.linux.resources |= . + {"memory":{"limit":33554432,"swap":67108864},"pids":{"limit":20},
        "cpu":{"shares":512,"quota":12345,"period":100000,"cpus":"0"}}'
    start a
    local unit=corten-a.scope files
    files=$(group a)
    equal "$files" "/sys/fs/cgroup/system.slice/$unit"
    equal "$(show $unit MemoryMax) $(cat "$files/memory.max")" '33554432 33554432'
    equal "$(show $unit MemorySwapMax) $(cat "$files/memory.swap.max")" '33554432 33554432'
    equal "$(show $unit TasksMax) $(cat "$files/pids.max")" '20 20'
    equal "$(show $unit CPUWeight) $(cat "$files/cpu.weight")" '59 59'
    equal "$(show $unit AllowedCPUs) $(cat "$files/cpuset.cpus")" '0 0'
    equal "$(show $unit CPUQuotaPerSecUSec)" 130ms
    equal "$(cat "$files/cpu.max")" '12345 100000'
    equal "$(show $unit Delegate) $(show $unit Slice)" 'yes system.slice'
    runtime delete --force a
}

case_limits_and_device_rules_survive_a_reload() {
    bundle a '.linux.resources.memory={"limit":33554432} | .linux.resources.devices=[{"allow":false,"access":"rwm"},
        {"allow":true,"type":"c","major":10,"minor":229,"access":"r"}] | .linux.devices=[
        {"path":"/dev/fuse","type":"c","major":10,"minor":229,"fileMode":438}]'
    start a
    systemctl daemon-reload
    equal "$(cat "$(group a)/memory.max")" 33554432
    inside a sh -c 'echo x >/dev/null; cat /dev/null'
    inside a sh -c 'true </dev/fuse'
    contains "$(refused inside a sh -c 'true >/dev/fuse')" 'Operation not permitted'
    runtime delete --force a
}

case_the_cgroups_path_names_slice_prefix_and_scope() {
    bundle a '.linux.cgroupsPath="machine-pods.slice:box:one"'
    start a
    equal "$(group a)" /sys/fs/cgroup/machine.slice/machine-pods.slice/box-one.scope
    runtime delete --force a
    equal "$(systemctl list-units --all --plain --no-legend box-one.scope)" ''
    edit a '.linux.cgroupsPath="/a/b"'
    contains "$(refused runtime run --bundle "$WORK/a" a)" 'slice:prefix:name'
}

case_annotations_are_properties() {
    bundle a '.annotations={"org.systemd.property.TimeoutStopSec":"7","org.systemd.property.SendSIGHUP":"true"}'
    start a
    equal "$(show corten-a.scope TimeoutStopUSec) $(show corten-a.scope SendSIGHUP)" '7s yes'
    runtime delete --force a
    edit a '.annotations={"org.systemd.property.NoSuchThing":"true"}'
    contains "$(refused runtime run --bundle "$WORK/a" a)" NoSuchThing
}

case_update_tells_systemd() {
    bundle a
    start a
    runtime update --memory 50331648 --cpu-quota 12345 --cpu-period 100000 --pids-limit 30 a
    equal "$(show corten-a.scope MemoryMax) $(cat "$(group a)/memory.max")" '50331648 50331648'
    equal "$(show corten-a.scope TasksMax) $(cat "$(group a)/pids.max")" '30 30'
    equal "$(show corten-a.scope CPUQuotaPerSecUSec) $(cat "$(group a)/cpu.max")" '130ms 12345 100000'
    systemctl daemon-reload
    equal "$(cat "$(group a)/memory.max")" 50331648
    runtime delete --force a
}

case_the_same_id_again_and_again() {
    bundle a
    for _ in 1 2 3; do
        start a
        runtime delete --force a
    done
    edit a '.process.args=["true"]'
    run a
    run a
}

case_a_scope_killed_for_memory_is_forgotten() {
    bundle a '.process.args=["tail","/dev/zero"] | .linux.resources.memory={"limit":8388608,"swap":8388608}'
    refused runtime run --bundle "$WORK/a" a
    equal "$(systemctl list-units --all --plain --no-legend corten-a.scope)" ''
}

case_a_scope_in_use_is_refused_and_left_alone() {
    bundle a '.linux.cgroupsPath="system.slice:box:shared"'
    start a
    bundle b '.linux.cgroupsPath="system.slice:box:shared"'
    contains "$(refused runtime run --bundle "$WORK/b" b)" 'box-shared.scope'
    equal "$(status a)" running
    runtime delete --force a
}

case_the_bus_serves_as_well() {
    bundle a
    DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/dbus/system_bus_socket start a
    equal "$(group a)" /sys/fs/cgroup/system.slice/corten-a.scope
    DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/dbus/system_bus_socket runtime delete --force a
}

case_without_systemd_the_error_says_so() {
    bundle a
    local said
    said=$(DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere refused runtime run --bundle "$WORK/a" a)
    contains "$said" 'reach systemd'
    contains "$said" /nowhere
    contains "$said" 'hint: --systemd-cgroup needs systemd'
}

case_the_verbs_work_in_a_scope() {
    bundle a
    runtime create --bundle "$WORK/a" a </dev/null >"$WORK/out" 2>&1
    equal "$(status a)" created
    runtime start a
    contains "$(inside a cat /proc/self/cgroup)" '0::/'
    inside --detach --pid-file "$WORK/pid" a sleep 1000
    contains "$(cat "/proc/$(cat "$WORK/pid")/cgroup")" corten-a.scope
    equal "$(runtime ps --format json a | jq length)" 2
    runtime pause a
    equal "$(status a)" paused
    runtime resume a
    equal "$(status a)" running
    runtime events --stats a | jq -e '.data.pids.current == 2'
    runtime kill a KILL
    soon test "$(status a)" = stopped || true
    runtime delete --force a
}

# The machine's own programs in the container: systemd-notify is one of them.
case_a_notify_service_is_ready_when_its_container_is() {
    needs systemd-notify
    bundle a '.process.args=["/bin/bash","-c","while [ ! -e /tmp/go ]; do sleep 0.2; done; systemd-notify --ready; exec sleep 1000"]
        | .process.env=["PATH=/usr/bin:/bin"] | .mounts += [{"destination":"/tmp","source":"'"$WORK"'/tmp","options":["bind"]}]'
    mkdir -p "$WORK/tmp"
    rm -rf "$WORK/a/rootfs/bin" "$WORK/tmp/go"
    local dir
    for dir in usr bin lib lib64; do
        mkdir -p "$WORK/a/rootfs/$dir"
        edit a ".mounts += [{\"destination\":\"/$dir\",\"source\":\"/$dir\",\"options\":[\"rbind\",\"ro\"]}]"
    done
    systemd-run --unit corten-notify --no-block -p Type=notify -p NotifyAccess=all -p KillMode=none \
        "$RUNTIME" --root "$WORK/state" --systemd-cgroup run --detach --bundle "$WORK/a" a
    soon test -e "$WORK/state/a/notify/notify.sock"
    equal "$(show corten-notify ActiveState)" activating
    touch "$WORK/tmp/go"
    soon ready
    equal "$(show corten-notify MainPID)" "$(pid a)"
    runtime delete --force a
    soon gone
}
ready() { [ "$(show corten-notify ActiveState)" = active ]; }
gone() { [ "$(show corten-notify ActiveState)" != active ] && { systemctl reset-failed corten-notify 2>/dev/null || true; }; }

case_a_user_namespace_in_a_scope() {
    bundle a '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings=[{"containerID":0,"hostID":100000,"size":65536}]
        | .linux.gidMappings=.linux.uidMappings | .process.args=["sh","-c","id -u; cat /proc/self/uid_map"]'
    contains "$(run a)" 100000
}

case_controllers_unknown_to_systemd_are_handed_down() {
    grep -q hugetlb /sys/fs/cgroup/cgroup.controllers || skip 'this kernel has no hugetlb controller'
    bundle a '.linux.resources.hugepageLimits=[{"pageSize":"2MB","limit":2097152}]'
    start a
    equal "$(cat "$(group a)/hugetlb.2MB.max")" 2097152
    runtime delete --force a
}

case_killed_anywhere_delete_leaves_nothing() {
    bundle a
    local last at number
    number=$(runtime plan --bundle "$WORK/a" a | awk '/start the systemd unit/ { print $1 }')
    last=$(runtime plan --bundle "$WORK/a" a | awk '$1 ~ /^[0-9]+$/ { print $1 }' | sort -n | tail -n 1)
    for at in 0 $((number - 1)) "$number" $((number + 1)) $((number + 3)) "$last"; do
        CORTEN_FAULT=$at:kill runtime create --bundle "$WORK/a" a </dev/null >"$WORK/out" 2>&1 || true
        runtime delete --force a
        no_container_left
        CORTEN_FAULT=$at:fail runtime create --bundle "$WORK/a" a </dev/null >"$WORK/out" 2>&1 || true
        runtime delete --force a
        no_container_left
    done
}

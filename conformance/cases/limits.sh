# Limits where cgroup v2 has every controller, without systemd.  shellcheck shell=bash disable=SC2034
set_up() {
    needs busybox
    needs jq
    [ "$(id -u)" = 0 ] || skip 'needs root'
    [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || skip 'cgroup v2 is not alone here'
    grep -q memory /sys/fs/cgroup/cgroup.controllers || skip 'the memory controller is not on v2 here'
}
leaves_nothing() { no_container_left; }

limited() { bundle a ".linux.cgroupsPath=\"/corten-limits/a\" | .linux.resources=$1"; }
tear_down() { rmdir /sys/fs/cgroup/corten-limits; }

case_each_limit_is_in_its_file() {
    limited '{"memory":{"limit":33554432,"swap":50331648,"reservation":16777216},"pids":{"limit":20},
        "cpu":{"shares":2048,"quota":20000,"period":50000,"burst":10000,"cpus":"0","mems":"0"},
        "unified":{"memory.high":"25165824"}}'
    start a
    local files
    files=$(group a)
    equal "$files" /sys/fs/cgroup/corten-limits/a
    equal "$(cat "$files"/memory.{max,swap.max,low,high} | xargs)" '33554432 16777216 16777216 25165824'
    equal "$(cat "$files"/pids.max "$files"/cpu.{max,max.burst} "$files"/cpuset.{cpus,mems} | xargs)" '20 20000 50000 10000 0 0'
    equal "$(cat "$files/cpu.weight")" 174
    runtime delete --force a
}

case_memory_beyond_the_limit_kills() {
    limited '{"memory":{"limit":8388608,"swap":8388608}}'
    edit a '.process.args=["tail","/dev/zero"]'
    local code=0
    runtime run --bundle "$WORK/a" a || code=$?
    equal "$code" 137
}

case_more_tasks_than_allowed_are_refused() {
    limited '{"pids":{"limit":3}}'
    start a
    contains "$(refused inside a sh -c 'sleep 9 & sleep 9 & sleep 9 & sleep 9')" "can't fork"
    runtime delete --force a
}

case_a_container_runs_in_little_memory() {
    limited '{"memory":{"limit":1048576,"swap":1048576}}'
    edit a '.process.args=["true"]'
    run a
}

case_a_quota_slows_down() {
    limited '{"cpu":{"quota":2000,"period":100000}}'
    edit a '.process.args=["sh","-c","i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done"]'
    runtime create --bundle "$WORK/a" a </dev/null >"$WORK/out" 2>&1
    local files
    files=$(group a)
    runtime start a
    soon grep -qE '^nr_throttled [1-9]' "$files/cpu.stat"
    runtime delete --force a
}

case_statistics_are_told() {
    limited '{"memory":{"limit":33554432},"pids":{"limit":20}}'
    start a
    runtime events --stats a >"$WORK/stats"
    jq -e '.type == "stats" and .data.memory.usage.limit == 33554432 and .data.pids.limit == 20 and .data.cpu.usage.total > 0' "$WORK/stats"
    runtime delete --force a
}

case_updates_reach_the_files() {
    limited '{"memory":{"limit":33554432}}'
    start a
    runtime update --memory 16777216 --memory-swap 33554432 --cpu-share 512 --cpuset-cpus 0 a
    equal "$(cat "$(group a)"/{memory.max,memory.swap.max,cpu.weight,cpuset.cpus} | xargs)" '16777216 16777216 59 0'
    runtime delete --force a
}

case_a_frozen_container_can_be_killed() {
    limited '{}'
    start a
    runtime pause a
    equal "$(cat "$(group a)/cgroup.freeze")" 1
    runtime delete --force a
}

case_every_process_ends_with_the_container() {
    limited '{}'
    edit a '.linux.namespaces |= map(select(.type != "pid"))'
    start a
    inside --detach a sleep 1000
    runtime delete --force a
}

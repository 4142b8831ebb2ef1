# AppArmor profiles of the process.  shellcheck shell=bash
set_up() {
    needs busybox
    needs jq
    needs apparmor_parser
    [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ] || skip 'the kernel has no AppArmor here'
    cat >"$WORK/profile" <<'PROFILE'
profile corten-case flags=(attach_disconnected) {
  file,
  capability,
  signal,
  mount,
  deny /tmp/forbidden w,
}
PROFILE
    apparmor_parser -r "$WORK/profile"
}
tear_down() { [ ! -e "$WORK/profile" ] || apparmor_parser -R "$WORK/profile"; }
leaves_nothing() { no_container_left; }

case_the_profile_holds() {
    bundle a '.process.apparmorProfile="corten-case"
        | .process.args=["sh","-c","cat /proc/self/attr/current; echo x >/tmp/allowed && echo wrote; echo x >/tmp/forbidden"]'
    local said
    said=$(refused runtime run --bundle "$WORK/a" a)
    contains "$said" 'corten-case (enforce)'
    contains "$said" wrote
    contains "$said" 'Permission denied'
}

case_exec_gets_the_profile_of_the_container() {
    bundle a '.process.apparmorProfile="corten-case"'
    start a
    equal "$(inside a cat /proc/self/attr/current)" 'corten-case (enforce)'
    equal "$(inside --apparmor unconfined a cat /proc/self/attr/current)" unconfined
    runtime delete --force a
}

case_exec_under_a_profile_of_its_own() {
    bundle a
    start a
    equal "$(inside --apparmor corten-case a cat /proc/self/attr/current)" 'corten-case (enforce)'
    runtime delete --force a
}

case_a_missing_profile_is_named() {
    bundle a '.process.apparmorProfile="no-such-profile"'
    contains "$(refused runtime run --bundle "$WORK/a" a)" no-such-profile
}

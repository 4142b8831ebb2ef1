# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_corten_runtime_global_optspecs
    string join \n v/version debug log= log-format= root= criu= systemd-cgroup rootless= trace= h/help
end

function __fish_corten_runtime_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_corten_runtime_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_corten_runtime_using_subcommand
    set -l cmd (__fish_corten_runtime_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -l log -d 'Write the log to FILE instead of standard error' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -l log-format -d 'The form of the log\'s lines: text or json' -r
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -l root -d 'Keep the containers\' states below DIR, which should be on a tmpfs [default: /run/corten-runtime]' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -l criu -d 'Accepted for compatibility; criu is looked up in PATH' -r
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -l rootless -d 'Whether the user\'s systemd makes the cgroups: true, false or auto' -r
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -l trace -d 'Write each step with its duration to FILE, as Chrome trace JSON' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -s v -l version -d 'Print the version'
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -l debug -d 'Enable debug logging'
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -l systemd-cgroup -d 'Let systemd make the cgroups: linux.cgroupsPath is then slice:prefix:name'
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -s h -l help -d 'Print help'
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -f -a "checkpoint" -d 'Save a running container to files, from which `restore` brings it back'
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -f -a "create" -d 'Create a container from a bundle; `start` runs its program'
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -f -a "delete" -d 'Remove a container that is stopped or was never started'
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -f -a "events" -d 'Tell of a container until it ends: statistics at intervals, and each lack of memory'
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -f -a "exec" -d 'Execute a new process inside a container'
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -f -a "features" -d 'Show the enabled features as JSON (runtime-spec, "Features Structure")'
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -f -a "kill" -d 'Send a signal to the init process of a container'
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -f -a "list" -d 'List the containers below --root'
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -f -a "pause" -d 'Suspend all processes of a container'
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -f -a "plan" -d 'Print the operations that create and start a container, in order'
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -f -a "ps" -d 'Show the processes of a container'
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -f -a "restore" -d 'Bring a container back from the files of a `checkpoint`'
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -f -a "resume" -d 'Resume all processes of a paused container'
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -f -a "run" -d 'Create a container from a bundle and run its program'
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -f -a "spec" -d 'Write a config.json to start from'
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -f -a "start" -d 'Run the program of a created container'
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -f -a "state" -d 'Show the state of a container as JSON'
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -f -a "update" -d 'Change the resource limits of a container; what is not given stays as it is'
complete -c corten-runtime -n "__fish_corten_runtime_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand checkpoint" -l image-path -d 'The directory of CRIU\'s images [default: ./checkpoint]' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand checkpoint" -l work-path -d 'The directory of CRIU\'s log and other working files [default: that of the images]' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand checkpoint" -l manage-cgroups-mode -d 'What to do about the properties of cgroups: soft, full, strict or ignore' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand checkpoint" -l empty-ns -d 'Make the namespace, but leave what was in it to somebody else: network' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand checkpoint" -l parent-path -d 'The directory of earlier images that these add to, relative to --image-path' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand checkpoint" -l status-fd -d 'The descriptor that gets a zero byte when the server of lazy pages is ready' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand checkpoint" -l page-server -d 'Send the pages of memory to a server: ADDRESS:PORT' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand checkpoint" -l tcp-established -d 'Allow open TCP connections'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand checkpoint" -l ext-unix-sk -d 'Allow unix sockets that lead outside'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand checkpoint" -l shell-job -d 'Allow processes of the caller\'s session and terminal'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand checkpoint" -l lazy-pages -d 'Use userfaultfd: pages of memory come when they are needed'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand checkpoint" -l file-locks -d 'Look after file locks'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand checkpoint" -l auto-dedup -d 'Keep each page of memory once among images that follow each other'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand checkpoint" -l leave-running -d 'Let the container run on'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand checkpoint" -l tcp-skip-in-flight -d 'Leave out TCP connections that are not yet established'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand checkpoint" -l link-remap -d 'Allow unlinked files to be linked again'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand checkpoint" -l pre-dump -d 'Save memory only, and let the container run on'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand checkpoint" -s h -l help -d 'Print help'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand create" -s b -l bundle -d 'The directory with config.json [default: the current directory]' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand create" -l console-socket -d 'The unix socket that receives the master of the container\'s terminal' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand create" -l pid-file -d 'Write the pid of the container\'s init to FILE' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand create" -l pidfd-socket -d 'The unix socket that receives a pidfd of the container\'s init' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand create" -l preserve-fds -d 'Pass N descriptors from 3 on to the container, besides those of LISTEN_FDS' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand create" -l no-pivot -d 'Use MS_MOVE and chroot instead of pivot_root, for a root file system on a ramfs'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand create" -l no-new-keyring -d 'Keep the caller\'s session keyring'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand create" -s h -l help -d 'Print help'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand delete" -s f -l force -d 'Kill a container that still runs; an absent one is no error'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand delete" -s h -l help -d 'Print help'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand events" -l interval -d 'The time between two statistics, such as 500ms or 1m30s' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand events" -l stats -d 'Print the statistics once, at once, and end'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand events" -s h -l help -d 'Print help'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand exec" -l console-socket -d 'The unix socket that receives the master of the process\'s terminal' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand exec" -l pidfd-socket -d 'The unix socket that receives a descriptor of the process' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand exec" -l cwd -d 'The working directory in the container' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand exec" -s e -l env -d 'Set a variable of the process\'s environment; may be given more than once' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand exec" -s u -l user -d 'Run as this user, and as this group if it is given' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand exec" -s g -l additional-gids -d 'Join this group, too; may be given more than once' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand exec" -s p -l process -d 'Run the process that FILE describes, as `process` of config.json does' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand exec" -l pid-file -d 'Write the pid of the process to FILE' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand exec" -l process-label -d 'Run under this SELinux label' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand exec" -l apparmor -d 'Run under this AppArmor profile' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand exec" -s c -l cap -d 'Add a capability; may be given more than once' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand exec" -l preserve-fds -d 'Pass N descriptors from 3 on to the process' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand exec" -l cgroup -d 'Run in a cgroup below the container\'s; on cgroup v1 for each controller' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand exec" -s t -l tty -d 'Give the process a terminal'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand exec" -s d -l detach -d 'Return as soon as the process runs'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand exec" -l no-new-privs -d 'Programs that it executes get no more privileges'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand exec" -l ignore-paused -d 'Accept a paused container: the process runs when it is resumed'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand exec" -s h -l help -d 'Print help'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand features" -s h -l help -d 'Print help'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand kill" -s a -l all -d 'Send the signal to all processes of the container'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand kill" -s h -l help -d 'Print help'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand list" -s f -l format -d 'table or json' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand list" -s q -l quiet -d 'Show only the ids'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand list" -s h -l help -d 'Print help'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand pause" -s h -l help -d 'Print help'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand plan" -s b -l bundle -d 'The directory with config.json [default: the current directory]' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand plan" -s f -l format -d 'The form: text or json' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand plan" -l no-pivot -d 'Plan for MS_MOVE and chroot instead of pivot_root'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand plan" -l no-new-keyring -d 'Plan without a new session keyring'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand plan" -s h -l help -d 'Print help'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand ps" -s f -l format -d 'table or json' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand ps" -s h -l help -d 'Print help'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand restore" -l image-path -d 'The directory of CRIU\'s images [default: ./checkpoint]' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand restore" -l work-path -d 'The directory of CRIU\'s log and other working files [default: that of the images]' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand restore" -l manage-cgroups-mode -d 'What to do about the properties of cgroups: soft, full, strict or ignore' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand restore" -l empty-ns -d 'Make the namespace, but leave what was in it to somebody else: network' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand restore" -s b -l bundle -d 'The directory with config.json [default: the current directory]' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand restore" -l pid-file -d 'Write the pid of the container\'s init to FILE' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand restore" -l console-socket -d 'The unix socket that receives the master of the container\'s terminal' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand restore" -s n -d '`-no-subreaper`, as containerd writes it' -r -f -a "o-subreaper\t''"
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand restore" -l lsm-profile -d 'Run under this profile instead of the saved one: TYPE:NAME' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand restore" -l lsm-mount-context -d 'Mount with this context instead of the saved one' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand restore" -l tcp-established -d 'Allow open TCP connections'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand restore" -l ext-unix-sk -d 'Allow unix sockets that lead outside'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand restore" -l shell-job -d 'Allow processes of the caller\'s session and terminal'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand restore" -l lazy-pages -d 'Use userfaultfd: pages of memory come when they are needed'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand restore" -l file-locks -d 'Look after file locks'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand restore" -l auto-dedup -d 'Keep each page of memory once among images that follow each other'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand restore" -s d -l detach -d 'Return as soon as the container is back'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand restore" -l no-subreaper -d 'Do not become the parent of the container\'s orphans'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand restore" -l no-pivot -d 'Accepted for compatibility: CRIU enters the root in its own way'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand restore" -s h -l help -d 'Print help'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand resume" -s h -l help -d 'Print help'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand run" -s b -l bundle -d 'The directory with config.json [default: the current directory]' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand run" -l console-socket -d 'The unix socket that receives the master of the container\'s terminal' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand run" -l pid-file -d 'Write the pid of the container\'s init to FILE' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand run" -l pidfd-socket -d 'The unix socket that receives a pidfd of the container\'s init' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand run" -l preserve-fds -d 'Pass N descriptors from 3 on to the container, besides those of LISTEN_FDS' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand run" -l no-pivot -d 'Use MS_MOVE and chroot instead of pivot_root, for a root file system on a ramfs'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand run" -l no-new-keyring -d 'Keep the caller\'s session keyring'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand run" -s d -l detach -d 'Return as soon as the program runs'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand run" -l keep -d 'Do not delete the container when its program has ended'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand run" -l no-subreaper -d 'Do not become the parent of the container\'s orphans'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand run" -s h -l help -d 'Print help'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand spec" -s b -l bundle -d 'The bundle to write to [default: the current directory]' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand spec" -l rootless -d 'Write a configuration that needs no root privileges'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand spec" -s h -l help -d 'Print help'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand start" -s h -l help -d 'Print help'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand state" -s h -l help -d 'Print help'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand update" -s r -l resources -d 'Read the limits from FILE, or from standard input (-), as JSON in the form of config.json\'s linux.resources; all other options are ignored then' -r -F
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand update" -l blkio-weight -d 'The weight of block I/O, from 10 to 1000' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand update" -l cpu-period -d 'The period of the CPU quota, in microseconds' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand update" -l cpu-quota -d 'The CPU time in each period, in microseconds; -1 is unlimited' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand update" -l cpu-burst -d 'The CPU time that may be saved up for later periods, in microseconds' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand update" -l cpu-share -d 'CPU shares: the weight against other containers' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand update" -l cpu-rt-period -d 'The period of the real-time CPU limit, in microseconds' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand update" -l cpu-rt-runtime -d 'The real-time CPU time in each period, in microseconds' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand update" -l cpu-idle -d '1 runs the container only when the CPU is idle, 0 takes that back' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand update" -l cpuset-cpus -d 'The CPUs to use, such as 0-2,7' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand update" -l cpuset-mems -d 'The memory nodes to use' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand update" -l memory -d 'The memory limit, in bytes or with a unit (512m, 2g); -1 is unlimited' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand update" -l memory-reservation -d 'The memory that is left to the container when memory is short' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand update" -l memory-swap -d 'The limit of memory and swap together; -1 is unlimited' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand update" -l kernel-memory -d 'Accepted for compatibility' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand update" -l kernel-memory-tcp -d 'Accepted for compatibility' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand update" -l pids-limit -d 'The most processes and threads; -1 is unlimited' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand update" -l l3-cache-schema -d 'The schema of the Intel RDT group for the L3 cache' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand update" -l mem-bw-schema -d 'The schema of the Intel RDT group for memory bandwidth' -r
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand update" -s h -l help -d 'Print help'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand help; and not __fish_seen_subcommand_from checkpoint create delete events exec features kill list pause plan ps restore resume run spec start state update help" -f -a "checkpoint" -d 'checkpoint a running container'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand help; and not __fish_seen_subcommand_from checkpoint create delete events exec features kill list pause plan ps restore resume run spec start state update help" -f -a "create" -d 'create a container'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand help; and not __fish_seen_subcommand_from checkpoint create delete events exec features kill list pause plan ps restore resume run spec start state update help" -f -a "delete" -d 'delete any resources held by a container'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand help; and not __fish_seen_subcommand_from checkpoint create delete events exec features kill list pause plan ps restore resume run spec start state update help" -f -a "events" -d 'display container events such as OOM notifications, cpu, memory, and IO usage statistics'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand help; and not __fish_seen_subcommand_from checkpoint create delete events exec features kill list pause plan ps restore resume run spec start state update help" -f -a "exec" -d 'execute a new process inside a container'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand help; and not __fish_seen_subcommand_from checkpoint create delete events exec features kill list pause plan ps restore resume run spec start state update help" -f -a "features" -d 'show the enabled features'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand help; and not __fish_seen_subcommand_from checkpoint create delete events exec features kill list pause plan ps restore resume run spec start state update help" -f -a "kill" -d 'send a signal (default: SIGTERM) to the container\'s init process'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand help; and not __fish_seen_subcommand_from checkpoint create delete events exec features kill list pause plan ps restore resume run spec start state update help" -f -a "list" -d 'list the containers below --root'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand help; and not __fish_seen_subcommand_from checkpoint create delete events exec features kill list pause plan ps restore resume run spec start state update help" -f -a "pause" -d 'suspend all processes of a container'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand help; and not __fish_seen_subcommand_from checkpoint create delete events exec features kill list pause plan ps restore resume run spec start state update help" -f -a "plan" -d 'print what create and start would do'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand help; and not __fish_seen_subcommand_from checkpoint create delete events exec features kill list pause plan ps restore resume run spec start state update help" -f -a "ps" -d 'show the processes of a container'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand help; and not __fish_seen_subcommand_from checkpoint create delete events exec features kill list pause plan ps restore resume run spec start state update help" -f -a "restore" -d 'restore a container from a previous checkpoint'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand help; and not __fish_seen_subcommand_from checkpoint create delete events exec features kill list pause plan ps restore resume run spec start state update help" -f -a "resume" -d 'resume all processes of a paused container'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand help; and not __fish_seen_subcommand_from checkpoint create delete events exec features kill list pause plan ps restore resume run spec start state update help" -f -a "run" -d 'create and run a container'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand help; and not __fish_seen_subcommand_from checkpoint create delete events exec features kill list pause plan ps restore resume run spec start state update help" -f -a "spec" -d 'create a new specification file'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand help; and not __fish_seen_subcommand_from checkpoint create delete events exec features kill list pause plan ps restore resume run spec start state update help" -f -a "start" -d 'run the program of a created container'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand help; and not __fish_seen_subcommand_from checkpoint create delete events exec features kill list pause plan ps restore resume run spec start state update help" -f -a "state" -d 'output the state of a container'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand help; and not __fish_seen_subcommand_from checkpoint create delete events exec features kill list pause plan ps restore resume run spec start state update help" -f -a "update" -d 'update container resource constraints'
complete -c corten-runtime -n "__fish_corten_runtime_using_subcommand help; and not __fish_seen_subcommand_from checkpoint create delete events exec features kill list pause plan ps restore resume run spec start state update help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'

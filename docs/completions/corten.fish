# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_corten_global_optspecs
    string join \n root= state-dir= runtime= l/log-level= D/debug h/help V/version
end

function __fish_corten_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_corten_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_corten_using_subcommand
    set -l cmd (__fish_corten_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c corten -n "__fish_corten_needs_command" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_needs_command" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_needs_command" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_needs_command" -s l -l log-level -d 'How much to say on standard error about what is being done' -r -f -a "debug\t'Each step, with requests, layers and the other programs\' command lines'
info\t'Warnings'
warn\t'Warnings'
error\t'Only the error that ends the command'
fatal\t'Only the error that ends the command'"
complete -c corten -n "__fish_corten_needs_command" -s D -l debug -d 'The same as --log-level debug'
complete -c corten -n "__fish_corten_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c corten -n "__fish_corten_needs_command" -s V -l version -d 'Print version'
complete -c corten -n "__fish_corten_needs_command" -f -a "attach" -d 'Show a running container\'s output here, and pass input and signals on'
complete -c corten -n "__fish_corten_needs_command" -f -a "commit" -d 'Make an image of what a container changed'
complete -c corten -n "__fish_corten_needs_command" -f -a "create" -d 'Create a container without starting it'
complete -c corten -n "__fish_corten_needs_command" -f -a "diff" -d 'Show what a container changed of its image\'s files'
complete -c corten -n "__fish_corten_needs_command" -f -a "exec" -d 'Run a command in a running container'
complete -c corten -n "__fish_corten_needs_command" -f -a "export" -d 'Write all files of a container as one tar archive'
complete -c corten -n "__fish_corten_needs_command" -f -a "history" -d 'Show how an image came to be, newest step first'
complete -c corten -n "__fish_corten_needs_command" -f -a "image" -d 'Look after images'
complete -c corten -n "__fish_corten_needs_command" -f -a "images" -d 'List images'
complete -c corten -n "__fish_corten_needs_command" -f -a "import" -d 'Make an image of an archive of files'
complete -c corten -n "__fish_corten_needs_command" -f -a "inspect" -d 'Show everything about containers and images'
complete -c corten -n "__fish_corten_needs_command" -f -a "kill" -d 'Send a signal to running containers'
complete -c corten -n "__fish_corten_needs_command" -f -a "load" -d 'Load images from an archive of `save`, docker\'s or podman\'s, or from an OCI layout'
complete -c corten -n "__fish_corten_needs_command" -f -a "login" -d 'Keep a name and a password for a registry'
complete -c corten -n "__fish_corten_needs_command" -f -a "logout" -d 'Forget the name and password for a registry'
complete -c corten -n "__fish_corten_needs_command" -f -a "logs" -d 'Show what a container wrote'
complete -c corten -n "__fish_corten_needs_command" -f -a "manifest" -d 'Look at manifests in registries'
complete -c corten -n "__fish_corten_needs_command" -f -a "pause" -d 'Freeze all processes of running containers'
complete -c corten -n "__fish_corten_needs_command" -f -a "ps" -d 'List containers'
complete -c corten -n "__fish_corten_needs_command" -f -a "pull" -d 'Get images from their registries'
complete -c corten -n "__fish_corten_needs_command" -f -a "push" -d 'Push images to their registries'
complete -c corten -n "__fish_corten_needs_command" -f -a "rename" -d 'Give a container another name'
complete -c corten -n "__fish_corten_needs_command" -f -a "restart" -d 'Stop containers that run, and start them again'
complete -c corten -n "__fish_corten_needs_command" -f -a "rm" -d 'Remove containers'
complete -c corten -n "__fish_corten_needs_command" -f -a "rmi" -d 'Remove images'
complete -c corten -n "__fish_corten_needs_command" -f -a "run" -d 'Create and start a container'
complete -c corten -n "__fish_corten_needs_command" -f -a "save" -d 'Save images to one archive that is both an OCI layout and docker\'s format'
complete -c corten -n "__fish_corten_needs_command" -f -a "search" -d 'Look for images in a registry'
complete -c corten -n "__fish_corten_needs_command" -f -a "start" -d 'Start stopped containers'
complete -c corten -n "__fish_corten_needs_command" -f -a "stop" -d 'Stop running containers: a signal, some patience, SIGKILL'
complete -c corten -n "__fish_corten_needs_command" -f -a "system" -d 'Look after Corten itself'
complete -c corten -n "__fish_corten_needs_command" -f -a "tag" -d 'Give an image one more name'
complete -c corten -n "__fish_corten_needs_command" -f -a "top" -d 'Show the processes of a running container'
complete -c corten -n "__fish_corten_needs_command" -f -a "unpause" -d 'Let paused containers go on'
complete -c corten -n "__fish_corten_needs_command" -f -a "version" -d 'Show the versions of corten and of what it uses'
complete -c corten -n "__fish_corten_needs_command" -f -a "wait" -d 'Wait until containers stop, and print their exit codes'
complete -c corten -n "__fish_corten_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c corten -n "__fish_corten_using_subcommand attach" -l detach-keys -d 'Keys that leave the container running' -r
complete -c corten -n "__fish_corten_using_subcommand attach" -l sig-proxy -d 'Pass signals on to the container' -r -f -a "true\t''
false\t''"
complete -c corten -n "__fish_corten_using_subcommand attach" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand attach" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand attach" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand attach" -l no-stdin -d 'Pass no input on'
complete -c corten -n "__fish_corten_using_subcommand attach" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand commit" -s a -l author -d 'Who made it' -r
complete -c corten -n "__fish_corten_using_subcommand commit" -s c -l change -d 'Instruction of a Dockerfile to apply to the image' -r
complete -c corten -n "__fish_corten_using_subcommand commit" -s m -l message -d 'A remark' -r
complete -c corten -n "__fish_corten_using_subcommand commit" -s p -l pause -d 'Let a running container stand still meanwhile' -r -f -a "true\t''
false\t''"
complete -c corten -n "__fish_corten_using_subcommand commit" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand commit" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand commit" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand commit" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand create" -l add-host -d 'Add a host to /etc/hosts (name:address)' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l cap-add -d 'Add a capability' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l cap-drop -d 'Drop a capability' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l cgroupns -d 'Cgroup namespace (default private with cgroup v2, host otherwise)' -r -f -a "private\t''
host\t''"
complete -c corten -n "__fish_corten_using_subcommand create" -l cidfile -d 'Write the container\'s id to this file, which must not exist' -r
complete -c corten -n "__fish_corten_using_subcommand create" -s c -l cpu-shares -d 'Relative share of processor time' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l cpus -d 'Number of processors, such as 1.5' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l device -d 'Add a device of the host (source[:target[:rwm]])' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l dns -d 'Name server' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l domainname -d 'NIS domain name' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l entrypoint -d 'Replace the image\'s entrypoint' -r
complete -c corten -n "__fish_corten_using_subcommand create" -s e -l env -d 'Set an environment variable; a name alone takes the value from here' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l env-file -d 'Read environment variables from a file' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l group-add -d 'Add a group to the process' -r
complete -c corten -n "__fish_corten_using_subcommand create" -s h -l hostname -d 'Host name' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l ipc -d 'IPC namespace' -r -f -a "private\t''
host\t''
none\t''
shareable\t''"
complete -c corten -n "__fish_corten_using_subcommand create" -s l -l label -d 'Set a label' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l label-file -d 'Read labels from a file' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l log-driver -d 'How the output is kept: json-file (the default), k8s-file or none' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l log-opt -d 'Option of the log driver: max-size=BYTES, max-file=NUMBER, compress=true' -r
complete -c corten -n "__fish_corten_using_subcommand create" -s m -l memory -d 'Memory limit in bytes, with k, m or g' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l memory-swap -d 'Limit of memory and swap together; -1 is no limit' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l mount -d 'Mount something (type=bind|tmpfs|volume,source=…,target=…,readonly,…)' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l name -d 'Name of the container' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l network -l net -d 'Network: none (a loopback device only; the default) or host' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l oom-score-adj -d 'Adjust the OOM killer\'s preference (-1000 to 1000)' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l pid -d 'PID namespace' -r -f -a "private\t''
host\t''"
complete -c corten -n "__fish_corten_using_subcommand create" -l pids-limit -d 'Limit of processes; 0 and -1 are no limit' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l platform -d 'Platform of the image, if it has several (os/arch[/variant])' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l pull -d 'When to pull the image' -r -f -a "always\t''
missing\t''
never\t''"
complete -c corten -n "__fish_corten_using_subcommand create" -l security-opt -d 'Security option: seccomp=unconfined, seccomp=FILE, no-new-privileges' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l shm-size -d 'Size of /dev/shm' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l stop-signal -d 'Signal that stops the container' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l stop-timeout -d 'Seconds between the stop signal and SIGKILL' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l sysctl -d 'Kernel parameter of the container\'s namespaces' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l tmpfs -d 'Mount memory (target[:options])' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l ulimit -d 'Resource limit (name=soft[:hard])' -r
complete -c corten -n "__fish_corten_using_subcommand create" -s u -l user -d 'User (name or number[:group])' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l uts -d 'UTS namespace' -r -f -a "private\t''
host\t''"
complete -c corten -n "__fish_corten_using_subcommand create" -s v -l volume -d 'Mount a directory or file of the host (source:target[:ro]), or make a volume (target)' -r
complete -c corten -n "__fish_corten_using_subcommand create" -s w -l workdir -d 'Working directory' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand create" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand create" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand create" -l init -d 'Run a small init that passes on signals and reaps processes'
complete -c corten -n "__fish_corten_using_subcommand create" -s i -l interactive -d 'Keep standard input open'
complete -c corten -n "__fish_corten_using_subcommand create" -l privileged -d 'All capabilities and devices, no seccomp, nothing masked'
complete -c corten -n "__fish_corten_using_subcommand create" -s q -l quiet -d 'Say nothing about pulling'
complete -c corten -n "__fish_corten_using_subcommand create" -l read-only -d 'The root file system cannot be written'
complete -c corten -n "__fish_corten_using_subcommand create" -l rm -d 'Remove the container when it exits'
complete -c corten -n "__fish_corten_using_subcommand create" -s t -l tty -d 'Give the container a terminal'
complete -c corten -n "__fish_corten_using_subcommand diff" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand diff" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand diff" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand diff" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand exec" -l detach-keys -d 'Keys that leave the command running' -r
complete -c corten -n "__fish_corten_using_subcommand exec" -s e -l env -d 'Set an environment variable; a name alone takes the value from here' -r
complete -c corten -n "__fish_corten_using_subcommand exec" -l env-file -d 'Read environment variables from a file' -r
complete -c corten -n "__fish_corten_using_subcommand exec" -s u -l user -d 'User (name or number[:group]) in place of the container\'s' -r
complete -c corten -n "__fish_corten_using_subcommand exec" -s w -l workdir -d 'Working directory in place of the container\'s' -r
complete -c corten -n "__fish_corten_using_subcommand exec" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand exec" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand exec" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand exec" -s d -l detach -d 'Leave the command in the background'
complete -c corten -n "__fish_corten_using_subcommand exec" -s i -l interactive -d 'Keep standard input open'
complete -c corten -n "__fish_corten_using_subcommand exec" -l privileged -d 'All capabilities'
complete -c corten -n "__fish_corten_using_subcommand exec" -s t -l tty -d 'Give the command a terminal'
complete -c corten -n "__fish_corten_using_subcommand exec" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand export" -s o -l output -d 'Write to a file in place of standard output' -r -F
complete -c corten -n "__fish_corten_using_subcommand export" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand export" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand export" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand export" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand history" -l format -d '`table`, `table TEMPLATE`, `json` or a Go template' -r
complete -c corten -n "__fish_corten_using_subcommand history" -s H -l human -d 'Sizes and times as people read them' -r -f -a "true\t''
false\t''"
complete -c corten -n "__fish_corten_using_subcommand history" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand history" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand history" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand history" -l no-trunc -d 'Show ids and commands in full'
complete -c corten -n "__fish_corten_using_subcommand history" -s q -l quiet -d 'Show only ids'
complete -c corten -n "__fish_corten_using_subcommand history" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from prune help" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from prune help" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from prune help" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from prune help" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from prune help" -f -a "prune" -d 'Remove images that have no tag and that no container uses'
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from prune help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from prune" -l filter -d 'Only those that match: label, until' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from prune" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from prune" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from prune" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from prune" -s a -l all -d 'Remove all images that no container uses'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from prune" -s f -l force -d 'Do not ask'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "prune" -d 'Remove images that have no tag and that no container uses'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c corten -n "__fish_corten_using_subcommand images" -s f -l filter -d 'Show only those that match: dangling, label, reference, before, since' -r
complete -c corten -n "__fish_corten_using_subcommand images" -l format -d '`table`, `table TEMPLATE`, `json` or a Go template' -r
complete -c corten -n "__fish_corten_using_subcommand images" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand images" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand images" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand images" -s a -l all -d 'Show all images (intermediate ones too, of which there are none yet)'
complete -c corten -n "__fish_corten_using_subcommand images" -l digests -d 'Show digests'
complete -c corten -n "__fish_corten_using_subcommand images" -l no-trunc -d 'Show ids in full'
complete -c corten -n "__fish_corten_using_subcommand images" -s q -l quiet -d 'Show only ids'
complete -c corten -n "__fish_corten_using_subcommand images" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand import" -s c -l change -d 'Instruction of a Dockerfile to apply to the image' -r
complete -c corten -n "__fish_corten_using_subcommand import" -s m -l message -d 'A remark' -r
complete -c corten -n "__fish_corten_using_subcommand import" -l platform -d 'Platform that the files are for' -r
complete -c corten -n "__fish_corten_using_subcommand import" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand import" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand import" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand import" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand inspect" -s f -l format -d 'A Go template, or `json` for one line each' -r
complete -c corten -n "__fish_corten_using_subcommand inspect" -l type -d 'Only objects of this type' -r -f -a "container\t''
image\t''"
complete -c corten -n "__fish_corten_using_subcommand inspect" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand inspect" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand inspect" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand inspect" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand kill" -s s -l signal -d 'The signal' -r
complete -c corten -n "__fish_corten_using_subcommand kill" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand kill" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand kill" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand kill" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand load" -s i -l input -d 'Archive, perhaps compressed with gzip or zstd, or directory of an OCI layout; standard input without it' -r -F
complete -c corten -n "__fish_corten_using_subcommand load" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand load" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand load" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand load" -s q -l quiet -d 'Say only what was loaded'
complete -c corten -n "__fish_corten_using_subcommand load" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand login" -s p -l password -d 'Password, or a personal access token in its place; others can see it in the list of processes' -r
complete -c corten -n "__fish_corten_using_subcommand login" -s u -l username -d 'Name' -r
complete -c corten -n "__fish_corten_using_subcommand login" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand login" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand login" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand login" -l password-stdin -d 'Read the password from standard input'
complete -c corten -n "__fish_corten_using_subcommand login" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand logout" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand logout" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand logout" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand logout" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand logs" -l since -d 'Only what was written since then (RFC 3339, seconds, or a duration such as 10m)' -r
complete -c corten -n "__fish_corten_using_subcommand logs" -s n -l tail -d 'Only so many lines from the end' -r
complete -c corten -n "__fish_corten_using_subcommand logs" -l until -d 'Only what was written before then' -r
complete -c corten -n "__fish_corten_using_subcommand logs" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand logs" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand logs" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand logs" -l details -d 'Show the container\'s labels and environment that the log carries (none yet)'
complete -c corten -n "__fish_corten_using_subcommand logs" -s f -l follow -d 'Go on until the container ends'
complete -c corten -n "__fish_corten_using_subcommand logs" -s t -l timestamps -d 'Show when each line was written'
complete -c corten -n "__fish_corten_using_subcommand logs" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand manifest; and not __fish_seen_subcommand_from inspect help" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand manifest; and not __fish_seen_subcommand_from inspect help" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand manifest; and not __fish_seen_subcommand_from inspect help" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand manifest; and not __fish_seen_subcommand_from inspect help" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand manifest; and not __fish_seen_subcommand_from inspect help" -f -a "inspect" -d 'Show a manifest, or a list of them, as the registry has it'
complete -c corten -n "__fish_corten_using_subcommand manifest; and not __fish_seen_subcommand_from inspect help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c corten -n "__fish_corten_using_subcommand manifest; and __fish_seen_subcommand_from inspect" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand manifest; and __fish_seen_subcommand_from inspect" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand manifest; and __fish_seen_subcommand_from inspect" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand manifest; and __fish_seen_subcommand_from inspect" -s v -l verbose -d 'Show each manifest of a list, with its descriptor'
complete -c corten -n "__fish_corten_using_subcommand manifest; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand manifest; and __fish_seen_subcommand_from help" -f -a "inspect" -d 'Show a manifest, or a list of them, as the registry has it'
complete -c corten -n "__fish_corten_using_subcommand manifest; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c corten -n "__fish_corten_using_subcommand pause" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand pause" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand pause" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand pause" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand ps" -s f -l filter -d 'Show only those that match: id, name, status, label, ancestor, exited, before, since' -r
complete -c corten -n "__fish_corten_using_subcommand ps" -l format -d '`table`, `table TEMPLATE`, `json` or a Go template' -r
complete -c corten -n "__fish_corten_using_subcommand ps" -s n -l last -d 'Show the last so many, whatever their state' -r
complete -c corten -n "__fish_corten_using_subcommand ps" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand ps" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand ps" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand ps" -s a -l all -d 'Show all containers, not only running ones'
complete -c corten -n "__fish_corten_using_subcommand ps" -s l -l latest -d 'Show the latest one, whatever its state'
complete -c corten -n "__fish_corten_using_subcommand ps" -l no-trunc -d 'Show ids, commands and names in full'
complete -c corten -n "__fish_corten_using_subcommand ps" -s q -l quiet -d 'Show only ids'
complete -c corten -n "__fish_corten_using_subcommand ps" -s s -l size -d 'Show the size of the writable layer'
complete -c corten -n "__fish_corten_using_subcommand ps" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand pull" -l platform -d 'Platform to pull of images that have several, such as linux/arm64' -r
complete -c corten -n "__fish_corten_using_subcommand pull" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand pull" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand pull" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand pull" -s a -l all-tags -d 'Pull all tags of the repository'
complete -c corten -n "__fish_corten_using_subcommand pull" -s q -l quiet -d 'Say only what was pulled'
complete -c corten -n "__fish_corten_using_subcommand pull" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand push" -l compression -d 'Compress layers otherwise than they are: gzip or zstd, or with a level, such as zstd:19' -r
complete -c corten -n "__fish_corten_using_subcommand push" -l format -d 'Write the manifest in these words: oci or docker' -r
complete -c corten -n "__fish_corten_using_subcommand push" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand push" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand push" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand push" -s a -l all-tags -d 'Push all tags of the repository'
complete -c corten -n "__fish_corten_using_subcommand push" -s q -l quiet -d 'Say only what was pushed'
complete -c corten -n "__fish_corten_using_subcommand push" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand rename" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand rename" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand rename" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand rename" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand restart" -s s -l signal -d 'Signal in place of the container\'s own' -r
complete -c corten -n "__fish_corten_using_subcommand restart" -s t -l time -l timeout -d 'Seconds to wait before SIGKILL; -1 waits for ever (default 10, or what the container says)' -r
complete -c corten -n "__fish_corten_using_subcommand restart" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand restart" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand restart" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand restart" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand rm" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand rm" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand rm" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand rm" -s f -l force -d 'Kill them first if they run; a container that is not there is no error'
complete -c corten -n "__fish_corten_using_subcommand rm" -s v -l volumes -d 'Remove the containers\' own volumes too (they always go with their container)'
complete -c corten -n "__fish_corten_using_subcommand rm" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand rmi" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand rmi" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand rmi" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand rmi" -s f -l force -d 'Remove names of images that containers use, and all names of an id'
complete -c corten -n "__fish_corten_using_subcommand rmi" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand run" -l detach-keys -d 'Keys that leave a container running' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l sig-proxy -d 'Pass signals on to the container' -r -f -a "true\t''
false\t''"
complete -c corten -n "__fish_corten_using_subcommand run" -l add-host -d 'Add a host to /etc/hosts (name:address)' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l cap-add -d 'Add a capability' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l cap-drop -d 'Drop a capability' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l cgroupns -d 'Cgroup namespace (default private with cgroup v2, host otherwise)' -r -f -a "private\t''
host\t''"
complete -c corten -n "__fish_corten_using_subcommand run" -l cidfile -d 'Write the container\'s id to this file, which must not exist' -r
complete -c corten -n "__fish_corten_using_subcommand run" -s c -l cpu-shares -d 'Relative share of processor time' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l cpus -d 'Number of processors, such as 1.5' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l device -d 'Add a device of the host (source[:target[:rwm]])' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l dns -d 'Name server' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l domainname -d 'NIS domain name' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l entrypoint -d 'Replace the image\'s entrypoint' -r
complete -c corten -n "__fish_corten_using_subcommand run" -s e -l env -d 'Set an environment variable; a name alone takes the value from here' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l env-file -d 'Read environment variables from a file' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l group-add -d 'Add a group to the process' -r
complete -c corten -n "__fish_corten_using_subcommand run" -s h -l hostname -d 'Host name' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l ipc -d 'IPC namespace' -r -f -a "private\t''
host\t''
none\t''
shareable\t''"
complete -c corten -n "__fish_corten_using_subcommand run" -s l -l label -d 'Set a label' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l label-file -d 'Read labels from a file' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l log-driver -d 'How the output is kept: json-file (the default), k8s-file or none' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l log-opt -d 'Option of the log driver: max-size=BYTES, max-file=NUMBER, compress=true' -r
complete -c corten -n "__fish_corten_using_subcommand run" -s m -l memory -d 'Memory limit in bytes, with k, m or g' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l memory-swap -d 'Limit of memory and swap together; -1 is no limit' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l mount -d 'Mount something (type=bind|tmpfs|volume,source=…,target=…,readonly,…)' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l name -d 'Name of the container' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l network -l net -d 'Network: none (a loopback device only; the default) or host' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l oom-score-adj -d 'Adjust the OOM killer\'s preference (-1000 to 1000)' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l pid -d 'PID namespace' -r -f -a "private\t''
host\t''"
complete -c corten -n "__fish_corten_using_subcommand run" -l pids-limit -d 'Limit of processes; 0 and -1 are no limit' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l platform -d 'Platform of the image, if it has several (os/arch[/variant])' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l pull -d 'When to pull the image' -r -f -a "always\t''
missing\t''
never\t''"
complete -c corten -n "__fish_corten_using_subcommand run" -l security-opt -d 'Security option: seccomp=unconfined, seccomp=FILE, no-new-privileges' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l shm-size -d 'Size of /dev/shm' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l stop-signal -d 'Signal that stops the container' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l stop-timeout -d 'Seconds between the stop signal and SIGKILL' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l sysctl -d 'Kernel parameter of the container\'s namespaces' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l tmpfs -d 'Mount memory (target[:options])' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l ulimit -d 'Resource limit (name=soft[:hard])' -r
complete -c corten -n "__fish_corten_using_subcommand run" -s u -l user -d 'User (name or number[:group])' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l uts -d 'UTS namespace' -r -f -a "private\t''
host\t''"
complete -c corten -n "__fish_corten_using_subcommand run" -s v -l volume -d 'Mount a directory or file of the host (source:target[:ro]), or make a volume (target)' -r
complete -c corten -n "__fish_corten_using_subcommand run" -s w -l workdir -d 'Working directory' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand run" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand run" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand run" -s d -l detach -d 'Leave the container in the background and print its id'
complete -c corten -n "__fish_corten_using_subcommand run" -l init -d 'Run a small init that passes on signals and reaps processes'
complete -c corten -n "__fish_corten_using_subcommand run" -s i -l interactive -d 'Keep standard input open'
complete -c corten -n "__fish_corten_using_subcommand run" -l privileged -d 'All capabilities and devices, no seccomp, nothing masked'
complete -c corten -n "__fish_corten_using_subcommand run" -s q -l quiet -d 'Say nothing about pulling'
complete -c corten -n "__fish_corten_using_subcommand run" -l read-only -d 'The root file system cannot be written'
complete -c corten -n "__fish_corten_using_subcommand run" -l rm -d 'Remove the container when it exits'
complete -c corten -n "__fish_corten_using_subcommand run" -s t -l tty -d 'Give the container a terminal'
complete -c corten -n "__fish_corten_using_subcommand save" -s o -l output -d 'Write to a file, compressed if it ends in .gz, .tgz or .zst; standard output without it' -r -F
complete -c corten -n "__fish_corten_using_subcommand save" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand save" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand save" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand save" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand search" -s f -l filter -d 'Only those that match: is-official, is-automated, stars' -r
complete -c corten -n "__fish_corten_using_subcommand search" -l format -d '`table`, `table TEMPLATE`, `json` or a Go template' -r
complete -c corten -n "__fish_corten_using_subcommand search" -l limit -d 'How many results, from 1 to 100' -r
complete -c corten -n "__fish_corten_using_subcommand search" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand search" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand search" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand search" -l no-trunc -d 'Show descriptions in full'
complete -c corten -n "__fish_corten_using_subcommand search" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand start" -l detach-keys -d 'Keys that leave a container running' -r
complete -c corten -n "__fish_corten_using_subcommand start" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand start" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand start" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand start" -s a -l attach -d 'Show its output, and pass signals on'
complete -c corten -n "__fish_corten_using_subcommand start" -s i -l interactive -d 'Pass standard input on'
complete -c corten -n "__fish_corten_using_subcommand start" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand stop" -s s -l signal -d 'Signal in place of the container\'s own' -r
complete -c corten -n "__fish_corten_using_subcommand stop" -s t -l time -l timeout -d 'Seconds to wait before SIGKILL; -1 waits for ever (default 10, or what the container says)' -r
complete -c corten -n "__fish_corten_using_subcommand stop" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand stop" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand stop" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand stop" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand system; and not __fish_seen_subcommand_from df check prune help" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand system; and not __fish_seen_subcommand_from df check prune help" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand system; and not __fish_seen_subcommand_from df check prune help" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand system; and not __fish_seen_subcommand_from df check prune help" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand system; and not __fish_seen_subcommand_from df check prune help" -f -a "df" -d 'Show how much of the disk is used'
complete -c corten -n "__fish_corten_using_subcommand system; and not __fish_seen_subcommand_from df check prune help" -f -a "check" -d 'Look whether everything in the store is as it should be'
complete -c corten -n "__fish_corten_using_subcommand system; and not __fish_seen_subcommand_from df check prune help" -f -a "prune" -d 'Remove stopped containers, and images that nothing uses'
complete -c corten -n "__fish_corten_using_subcommand system; and not __fish_seen_subcommand_from df check prune help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from df" -l format -d '`table`, `table TEMPLATE`, `json` or a Go template' -r
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from df" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from df" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from df" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from df" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from check" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from check" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from check" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from check" -l repair -d 'Take away what is damaged, so that a pull brings it again'
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from prune" -l filter -d 'Only those that match: label, until' -r
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from prune" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from prune" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from prune" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from prune" -s a -l all -d 'Remove all images that no container uses, not only those without a tag'
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from prune" -s f -l force -d 'Do not ask'
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from help" -f -a "df" -d 'Show how much of the disk is used'
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from help" -f -a "check" -d 'Look whether everything in the store is as it should be'
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from help" -f -a "prune" -d 'Remove stopped containers, and images that nothing uses'
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c corten -n "__fish_corten_using_subcommand tag" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand tag" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand tag" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand tag" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand top" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand top" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand top" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand top" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand unpause" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand unpause" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand unpause" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand unpause" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand version" -s f -l format -d 'A Go template, or `json`' -r
complete -c corten -n "__fish_corten_using_subcommand version" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand version" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand version" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand version" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand wait" -l root -d 'Directory of the store and the containers' -r -F
complete -c corten -n "__fish_corten_using_subcommand wait" -l state-dir -d 'Directory of the state that need not survive a reboot' -r -F
complete -c corten -n "__fish_corten_using_subcommand wait" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand wait" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "attach" -d 'Show a running container\'s output here, and pass input and signals on'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "commit" -d 'Make an image of what a container changed'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "create" -d 'Create a container without starting it'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "diff" -d 'Show what a container changed of its image\'s files'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "exec" -d 'Run a command in a running container'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "export" -d 'Write all files of a container as one tar archive'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "history" -d 'Show how an image came to be, newest step first'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "image" -d 'Look after images'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "images" -d 'List images'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "import" -d 'Make an image of an archive of files'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "inspect" -d 'Show everything about containers and images'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "kill" -d 'Send a signal to running containers'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "load" -d 'Load images from an archive of `save`, docker\'s or podman\'s, or from an OCI layout'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "login" -d 'Keep a name and a password for a registry'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "logout" -d 'Forget the name and password for a registry'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "logs" -d 'Show what a container wrote'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "manifest" -d 'Look at manifests in registries'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "pause" -d 'Freeze all processes of running containers'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "ps" -d 'List containers'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "pull" -d 'Get images from their registries'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "push" -d 'Push images to their registries'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "rename" -d 'Give a container another name'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "restart" -d 'Stop containers that run, and start them again'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "rm" -d 'Remove containers'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "rmi" -d 'Remove images'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "run" -d 'Create and start a container'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "save" -d 'Save images to one archive that is both an OCI layout and docker\'s format'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "search" -d 'Look for images in a registry'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "start" -d 'Start stopped containers'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "stop" -d 'Stop running containers: a signal, some patience, SIGKILL'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "system" -d 'Look after Corten itself'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "tag" -d 'Give an image one more name'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "top" -d 'Show the processes of a running container'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "unpause" -d 'Let paused containers go on'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "version" -d 'Show the versions of corten and of what it uses'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "wait" -d 'Wait until containers stop, and print their exit codes'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from attach commit create diff exec export history image images import inspect kill load login logout logs manifest pause ps pull push rename restart rm rmi run save search start stop system tag top unpause version wait help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "prune" -d 'Remove images that have no tag and that no container uses'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from manifest" -f -a "inspect" -d 'Show a manifest, or a list of them, as the registry has it'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from system" -f -a "df" -d 'Show how much of the disk is used'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from system" -f -a "check" -d 'Look whether everything in the store is as it should be'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from system" -f -a "prune" -d 'Remove stopped containers, and images that nothing uses'

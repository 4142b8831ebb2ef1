# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_corten_global_optspecs
    string join \n root= state-dir= runtime= storage-driver= l/log-level= D/debug h/help V/version
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

complete -c corten -n "__fish_corten_needs_command" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_needs_command" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_needs_command" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_needs_command" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_needs_command" -s l -l log-level -d 'How much to say on standard error about what is being done' -r -f -a "debug\t'Each step, with requests, layers and the other programs\' command lines'
info\t'Warnings'
warn\t'Warnings'
error\t'Only the error that ends the command'
fatal\t'Only the error that ends the command'"
complete -c corten -n "__fish_corten_needs_command" -s D -l debug -d 'The same as --log-level debug'
complete -c corten -n "__fish_corten_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c corten -n "__fish_corten_needs_command" -s V -l version -d 'Print version'
complete -c corten -n "__fish_corten_needs_command" -f -a "container" -d 'Manage containers'
complete -c corten -n "__fish_corten_needs_command" -f -a "attach" -d 'Show a running container\'s output here, and pass input and signals on'
complete -c corten -n "__fish_corten_needs_command" -f -a "commit" -d 'Make an image of what a container changed'
complete -c corten -n "__fish_corten_needs_command" -f -a "cp" -d 'Copy files between a container and here.'
complete -c corten -n "__fish_corten_needs_command" -f -a "create" -d 'Create a container without starting it'
complete -c corten -n "__fish_corten_needs_command" -f -a "diff" -d 'Show what a container changed of its image\'s files'
complete -c corten -n "__fish_corten_needs_command" -f -a "exec" -d 'Run a command in a running container'
complete -c corten -n "__fish_corten_needs_command" -f -a "export" -d 'Write all files of a container as one tar archive'
complete -c corten -n "__fish_corten_needs_command" -f -a "kill" -d 'Send a signal to running containers'
complete -c corten -n "__fish_corten_needs_command" -f -a "logs" -d 'Show what a container wrote'
complete -c corten -n "__fish_corten_needs_command" -f -a "pause" -d 'Freeze all processes of running containers'
complete -c corten -n "__fish_corten_needs_command" -f -a "port" -d 'Show the ports of the host that lead to a container: none, as there are no bridges yet'
complete -c corten -n "__fish_corten_needs_command" -f -a "rename" -d 'Give a container another name'
complete -c corten -n "__fish_corten_needs_command" -f -a "restart" -d 'Stop containers that run, and start them again'
complete -c corten -n "__fish_corten_needs_command" -f -a "rm" -d 'Remove containers'
complete -c corten -n "__fish_corten_needs_command" -f -a "run" -d 'Create and start a container'
complete -c corten -n "__fish_corten_needs_command" -f -a "start" -d 'Start stopped containers'
complete -c corten -n "__fish_corten_needs_command" -f -a "stats" -d 'Show what containers use, again and again'
complete -c corten -n "__fish_corten_needs_command" -f -a "stop" -d 'Stop running containers: a signal, some patience, SIGKILL'
complete -c corten -n "__fish_corten_needs_command" -f -a "top" -d 'Show the processes of a running container'
complete -c corten -n "__fish_corten_needs_command" -f -a "unpause" -d 'Let paused containers go on'
complete -c corten -n "__fish_corten_needs_command" -f -a "update" -d 'Change limits and restart policies of containers, whether they run or not'
complete -c corten -n "__fish_corten_needs_command" -f -a "wait" -d 'Wait until containers stop, and print their exit codes'
complete -c corten -n "__fish_corten_needs_command" -f -a "events" -d 'Show what happens to containers and images'
complete -c corten -n "__fish_corten_needs_command" -f -a "copy" -d 'Copy an image between registries, layouts and archives, byte for byte'
complete -c corten -n "__fish_corten_needs_command" -f -a "image" -d 'Manage images'
complete -c corten -n "__fish_corten_needs_command" -f -a "history" -d 'Show how an image came to be, newest step first'
complete -c corten -n "__fish_corten_needs_command" -f -a "import" -d 'Make an image of an archive of files'
complete -c corten -n "__fish_corten_needs_command" -f -a "load" -d 'Load images from an archive of `save`, docker\'s or podman\'s, or from an OCI layout'
complete -c corten -n "__fish_corten_needs_command" -f -a "pull" -d 'Get images from their registries'
complete -c corten -n "__fish_corten_needs_command" -f -a "push" -d 'Push images to their registries'
complete -c corten -n "__fish_corten_needs_command" -f -a "save" -d 'Save images to one archive that is both an OCI layout and docker\'s format'
complete -c corten -n "__fish_corten_needs_command" -f -a "tag" -d 'Give an image one more name'
complete -c corten -n "__fish_corten_needs_command" -f -a "images" -d 'List images'
complete -c corten -n "__fish_corten_needs_command" -f -a "info" -d 'Show what there is: containers, images, this machine'
complete -c corten -n "__fish_corten_needs_command" -f -a "inspect" -d 'Show everything about containers and images'
complete -c corten -n "__fish_corten_needs_command" -f -a "login" -d 'Keep a name and a password for a registry'
complete -c corten -n "__fish_corten_needs_command" -f -a "logout" -d 'Forget the name and password for a registry'
complete -c corten -n "__fish_corten_needs_command" -f -a "manifest" -d 'Look at manifests in registries'
complete -c corten -n "__fish_corten_needs_command" -f -a "ps" -d 'List containers'
complete -c corten -n "__fish_corten_needs_command" -f -a "repack" -d 'Make an image of what was changed in a bundle that `unpack` wrote'
complete -c corten -n "__fish_corten_needs_command" -f -a "rmi" -d 'Remove images'
complete -c corten -n "__fish_corten_needs_command" -f -a "search" -d 'Look for images in a registry'
complete -c corten -n "__fish_corten_needs_command" -f -a "system" -d 'Look after Corten itself'
complete -c corten -n "__fish_corten_needs_command" -f -a "verify" -d 'Check the signatures of an image in a registry'
complete -c corten -n "__fish_corten_needs_command" -f -a "unpack" -d 'Write an image\'s files and configuration to a directory: a bundle for any runtime'
complete -c corten -n "__fish_corten_needs_command" -f -a "version" -d 'Show the versions of corten and of what it uses'
complete -c corten -n "__fish_corten_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "inspect" -d 'Show everything about containers'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "ls" -d 'List containers'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "ps" -d 'List containers'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "list" -d 'List containers'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "prune" -d 'Remove all containers that do not run'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "attach" -d 'Show a running container\'s output here, and pass input and signals on'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "commit" -d 'Make an image of what a container changed'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "cp" -d 'Copy files between a container and here.'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "create" -d 'Create a container without starting it'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "diff" -d 'Show what a container changed of its image\'s files'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "exec" -d 'Run a command in a running container'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "export" -d 'Write all files of a container as one tar archive'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "kill" -d 'Send a signal to running containers'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "logs" -d 'Show what a container wrote'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "pause" -d 'Freeze all processes of running containers'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "port" -d 'Show the ports of the host that lead to a container: none, as there are no bridges yet'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "rename" -d 'Give a container another name'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "restart" -d 'Stop containers that run, and start them again'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "rm" -d 'Remove containers'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "run" -d 'Create and start a container'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "start" -d 'Start stopped containers'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "stats" -d 'Show what containers use, again and again'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "stop" -d 'Stop running containers: a signal, some patience, SIGKILL'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "top" -d 'Show the processes of a running container'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "unpause" -d 'Let paused containers go on'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "update" -d 'Change limits and restart policies of containers, whether they run or not'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "wait" -d 'Wait until containers stop, and print their exit codes'
complete -c corten -n "__fish_corten_using_subcommand container; and not __fish_seen_subcommand_from inspect ls ps list prune attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from inspect" -s f -l format -d 'A Go template, or `json` for one line each' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from inspect" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from inspect" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from inspect" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from inspect" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from inspect" -s s -l size -d 'Also the sizes'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ls" -s f -l filter -d 'Show only those that match: id, name (a pattern), status, health, label, ancestor, exited, before, since, volume, network, publish, expose' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ls" -l format -d '`table`, `table TEMPLATE`, `json` or a Go template' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ls" -s n -l last -d 'Show the last so many, whatever their state' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ls" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ls" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ls" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ls" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ls" -s a -l all -d 'Show all containers, not only running ones'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ls" -s l -l latest -d 'Show the latest one, whatever its state'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ls" -l no-trunc -d 'Show ids, commands and names in full'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Show only ids'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ls" -s s -l size -d 'Show the size of the writable layer'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ps" -s f -l filter -d 'Show only those that match: id, name (a pattern), status, health, label, ancestor, exited, before, since, volume, network, publish, expose' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ps" -l format -d '`table`, `table TEMPLATE`, `json` or a Go template' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ps" -s n -l last -d 'Show the last so many, whatever their state' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ps" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ps" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ps" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ps" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ps" -s a -l all -d 'Show all containers, not only running ones'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ps" -s l -l latest -d 'Show the latest one, whatever its state'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ps" -l no-trunc -d 'Show ids, commands and names in full'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ps" -s q -l quiet -d 'Show only ids'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ps" -s s -l size -d 'Show the size of the writable layer'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from ps" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from list" -s f -l filter -d 'Show only those that match: id, name (a pattern), status, health, label, ancestor, exited, before, since, volume, network, publish, expose' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from list" -l format -d '`table`, `table TEMPLATE`, `json` or a Go template' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from list" -s n -l last -d 'Show the last so many, whatever their state' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from list" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from list" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from list" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from list" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from list" -s a -l all -d 'Show all containers, not only running ones'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from list" -s l -l latest -d 'Show the latest one, whatever its state'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from list" -l no-trunc -d 'Show ids, commands and names in full'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Show only ids'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from list" -s s -l size -d 'Show the size of the writable layer'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from prune" -l filter -d 'Only those that match: label, label!, until' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from prune" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from prune" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from prune" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from prune" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from prune" -s f -l force -d 'Do not ask'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from attach" -l detach-keys -d 'Keys that leave the container running' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from attach" -l sig-proxy -d 'Pass signals on to the container' -r -f -a "true\t''
false\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from attach" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from attach" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from attach" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from attach" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from attach" -l logs -d 'Show first what the container wrote before, as its log has it'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from attach" -l no-stdin -d 'Pass no input on'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from attach" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from commit" -s a -l author -d 'Who made it' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from commit" -s c -l change -d 'Instruction of a Dockerfile to apply to the image' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from commit" -s m -l message -d 'A remark' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from commit" -s p -l pause -d 'Let a running container stand still meanwhile' -r -f -a "true\t''
false\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from commit" -l iidfile -d 'Write the image\'s id to a file, too' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from commit" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from commit" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from commit" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from commit" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from commit" -s q -l quiet -d 'As podman has it: nothing but the id is said in any case'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from commit" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from cp" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from cp" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from cp" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from cp" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from cp" -s a -l archive -d 'Keep owners, and out of a container set-id bits, file capabilities and devices'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from cp" -s L -l follow-link -d 'Follow a symbolic link that SOURCE is'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from cp" -s q -l quiet -d 'Do not say what was copied'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from cp" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l blkio-weight -d 'Weight of block input and output, from 10 to 1000; 0 is none' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l cpu-period -d 'Period of the processor quota, in microseconds' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l cpu-quota -d 'Processor time in each period, in microseconds' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l cpu-rt-period -d 'Period of real-time processes, in microseconds' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l cpu-rt-runtime -d 'Processor time of real-time processes in each period, in microseconds' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -s c -l cpu-shares -d 'Relative share of processor time' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l cpus -d 'Number of processors, such as 1.5' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l cpuset-cpus -d 'Processors to run on, such as 0-2,7' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l cpuset-mems -d 'Memory nodes to use, such as 0,1' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -s m -l memory -d 'Memory limit in bytes, with k, m or g' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l memory-reservation -d 'Memory that is not taken away while there is enough for all' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l memory-swap -d 'Limit of memory and swap together; -1 is no limit' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l pids-limit -d 'Limit of processes; 0 and -1 are no limit' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l blkio-weight-device -d 'Weight of a device\'s input and output (path:weight)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l device-read-bps -d 'Limit of bytes read from a device each second (path:bytes)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l device-read-iops -d 'Limit of reads from a device each second (path:number)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l device-write-bps -d 'Limit of bytes written to a device each second (path:bytes)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l device-write-iops -d 'Limit of writes to a device each second (path:number)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l memory-swappiness -d 'How readily memory is swapped out, from 0 to 100; -1 leaves it to the machine' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l add-host -d 'Add a host to /etc/hosts (name:address)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l annotation -d 'Annotation of the bundle, for the runtime and its hooks' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -s a -l attach -d 'Attach only these of stdin, stdout and stderr' -r -f -a "stdin\t''
stdout\t''
stderr\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l cap-add -d 'Add a capability' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l cap-drop -d 'Drop a capability' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l cgroup-parent -d 'Cgroup to make the container\'s in (default corten)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l cgroupns -d 'Cgroup namespace (default private with cgroup v2, host otherwise)' -r -f -a "private\t''
host\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l cidfile -d 'Write the container\'s id to this file, which must not exist' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l device -d 'Add a device of the host (source[:target[:rwm]])' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l device-cgroup-rule -d 'Rule of the devices\' cgroup, such as \'c 10:229 rwm\'' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l dns -d 'Name server' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l dns-option -l dns-opt -d 'Option of the resolver' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l dns-search -d 'Domain to search for names; . is none' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l domainname -d 'NIS domain name' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l entrypoint -d 'Replace the image\'s entrypoint' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -s e -l env -d 'Set an environment variable; a name alone takes the value from here' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l env-file -d 'Read environment variables from a file' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l expose -d 'Port or range of ports that the container listens on; only a note' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l gidmap -d 'Id of the container, id of the host, how many: groups with --userns private' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l group-add -d 'Add a group to the process' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l health-cmd -d 'Command line that tells whether the container is well' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l health-interval -d 'Time between two health checks (default 30s)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l health-retries -d 'Failures in a row that mean unhealthy (default 3)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l health-start-interval -d 'Time between two health checks in the start period (default 5s)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l health-start-period -d 'Time after the start in which failures do not count (default 0s)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l health-timeout -d 'Time that one health check may take (default 30s)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -s h -l hostname -d 'Host name' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l ipc -d 'IPC namespace' -r -f -a "private\t''
host\t''
none\t''
shareable\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -s l -l label -d 'Set a label' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l label-file -d 'Read labels from a file' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l log-driver -d 'How the output is kept: json-file (the default), k8s-file, journald or none' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l log-opt -d 'Option of the log driver: max-size=BYTES, max-file=NUMBER, compress=true, mode=non-blocking, max-buffer-size=BYTES; in each record: tag=TEMPLATE, labels=NAMES, labels-regex=PATTERN, env=NAMES, env-regex=PATTERN' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l mount -d 'Mount something (type=bind|tmpfs|volume,source=…,target=…,readonly,…)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l name -d 'Name of the container' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l network -l net -d 'Network: none (a loopback device only; the default) or host' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l oom-score-adj -d 'Adjust the OOM killer\'s preference (-1000 to 1000)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l pid -d 'PID namespace' -r -f -a "private\t''
host\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l platform -d 'Platform of the image, if it has several (os/arch[/variant])' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l pull -d 'When to pull the image' -r -f -a "always\t''
missing\t''
never\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l restart -d 'When to run it again after it ended: no, on-failure[:MAX], always, unless-stopped' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l security-opt -d 'Security option: seccomp=unconfined, seccomp=FILE, no-new-privileges' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l shm-size -d 'Size of /dev/shm' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l stop-signal -d 'Signal that stops the container' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l stop-timeout -d 'Seconds between the stop signal and SIGKILL' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l sysctl -d 'Kernel parameter of the container\'s namespaces' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l tmpfs -d 'Mount memory (target[:options])' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l uidmap -d 'Id of the container, id of the host, how many: users with --userns private, and groups without --gidmap' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l ulimit -d 'Resource limit (name=soft[:hard])' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -s u -l user -d 'User (name or number[:group])' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l userns -d 'User namespace: host (the default), auto[:size=NUMBER] (ids that no other container has), private (with --uidmap)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l uts -d 'UTS namespace' -r -f -a "private\t''
host\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -s v -l volume -d 'Mount a directory or file of the host (source:target[:ro]), or make a volume (target)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l volumes-from -d 'Mount what another container has mounted (container[:ro])' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -s w -l workdir -d 'Working directory' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l oom-kill-disable -d 'Kill nothing when the memory is used up (cgroup v1 only)'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l init -d 'Run a small init that passes on signals and reaps processes'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -s i -l interactive -d 'Keep standard input open'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l no-healthcheck -d 'Run no health check, whatever the image says'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l privileged -d 'All capabilities and devices, no seccomp, nothing masked'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Say nothing about pulling'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l read-only -d 'The root file system cannot be written'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -l rm -d 'Remove the container when it exits'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from create" -s t -l tty -d 'Give the container a terminal'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from diff" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from diff" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from diff" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from diff" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from diff" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from exec" -l detach-keys -d 'Keys that leave the command running' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from exec" -s e -l env -d 'Set an environment variable; a name alone takes the value from here' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from exec" -l env-file -d 'Read environment variables from a file' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from exec" -s u -l user -d 'User (name or number[:group]) in place of the container\'s' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from exec" -s w -l workdir -d 'Working directory in place of the container\'s' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from exec" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from exec" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from exec" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from exec" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from exec" -s d -l detach -d 'Leave the command in the background'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from exec" -s i -l interactive -d 'Keep standard input open'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from exec" -l privileged -d 'All capabilities'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from exec" -s t -l tty -d 'Give the command a terminal'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from exec" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from export" -s o -l output -d 'Write to a file in place of standard output' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from export" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from export" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from export" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from export" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from kill" -s s -l signal -d 'The signal' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from kill" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from kill" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from kill" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from kill" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from kill" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from logs" -l since -d 'Only what was written since then (RFC 3339, seconds, or a duration such as 10m)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from logs" -s n -l tail -d 'Only so many lines from the end' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from logs" -l until -d 'Only what was written before then' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from logs" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from logs" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from logs" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from logs" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from logs" -l details -d 'Show what the log\'s options (tag, labels, env) let each line carry'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from logs" -s f -l follow -d 'Go on until the container ends'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from logs" -s t -l timestamps -d 'Show when each line was written'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from logs" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from pause" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from pause" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from pause" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from pause" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from pause" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from port" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from port" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from port" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from port" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from port" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from rename" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from rename" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from rename" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from rename" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from rename" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from restart" -s s -l signal -d 'Signal in place of the container\'s own' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from restart" -s t -l time -l timeout -d 'Seconds to wait before SIGKILL; -1 waits for ever (default 10, or what the container says)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from restart" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from restart" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from restart" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from restart" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from restart" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from rm" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from rm" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from rm" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from rm" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from rm" -s f -l force -d 'Kill them first if they run; a container that is not there is no error'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from rm" -s v -l volumes -d 'Remove the containers\' own volumes too (they always go with their container)'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l detach-keys -d 'Keys that leave a container running' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l sig-proxy -d 'Pass signals on to the container' -r -f -a "true\t''
false\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l blkio-weight -d 'Weight of block input and output, from 10 to 1000; 0 is none' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l cpu-period -d 'Period of the processor quota, in microseconds' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l cpu-quota -d 'Processor time in each period, in microseconds' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l cpu-rt-period -d 'Period of real-time processes, in microseconds' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l cpu-rt-runtime -d 'Processor time of real-time processes in each period, in microseconds' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -s c -l cpu-shares -d 'Relative share of processor time' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l cpus -d 'Number of processors, such as 1.5' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l cpuset-cpus -d 'Processors to run on, such as 0-2,7' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l cpuset-mems -d 'Memory nodes to use, such as 0,1' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -s m -l memory -d 'Memory limit in bytes, with k, m or g' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l memory-reservation -d 'Memory that is not taken away while there is enough for all' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l memory-swap -d 'Limit of memory and swap together; -1 is no limit' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l pids-limit -d 'Limit of processes; 0 and -1 are no limit' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l blkio-weight-device -d 'Weight of a device\'s input and output (path:weight)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l device-read-bps -d 'Limit of bytes read from a device each second (path:bytes)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l device-read-iops -d 'Limit of reads from a device each second (path:number)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l device-write-bps -d 'Limit of bytes written to a device each second (path:bytes)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l device-write-iops -d 'Limit of writes to a device each second (path:number)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l memory-swappiness -d 'How readily memory is swapped out, from 0 to 100; -1 leaves it to the machine' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l add-host -d 'Add a host to /etc/hosts (name:address)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l annotation -d 'Annotation of the bundle, for the runtime and its hooks' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -s a -l attach -d 'Attach only these of stdin, stdout and stderr' -r -f -a "stdin\t''
stdout\t''
stderr\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l cap-add -d 'Add a capability' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l cap-drop -d 'Drop a capability' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l cgroup-parent -d 'Cgroup to make the container\'s in (default corten)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l cgroupns -d 'Cgroup namespace (default private with cgroup v2, host otherwise)' -r -f -a "private\t''
host\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l cidfile -d 'Write the container\'s id to this file, which must not exist' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l device -d 'Add a device of the host (source[:target[:rwm]])' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l device-cgroup-rule -d 'Rule of the devices\' cgroup, such as \'c 10:229 rwm\'' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l dns -d 'Name server' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l dns-option -l dns-opt -d 'Option of the resolver' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l dns-search -d 'Domain to search for names; . is none' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l domainname -d 'NIS domain name' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l entrypoint -d 'Replace the image\'s entrypoint' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -s e -l env -d 'Set an environment variable; a name alone takes the value from here' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l env-file -d 'Read environment variables from a file' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l expose -d 'Port or range of ports that the container listens on; only a note' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l gidmap -d 'Id of the container, id of the host, how many: groups with --userns private' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l group-add -d 'Add a group to the process' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l health-cmd -d 'Command line that tells whether the container is well' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l health-interval -d 'Time between two health checks (default 30s)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l health-retries -d 'Failures in a row that mean unhealthy (default 3)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l health-start-interval -d 'Time between two health checks in the start period (default 5s)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l health-start-period -d 'Time after the start in which failures do not count (default 0s)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l health-timeout -d 'Time that one health check may take (default 30s)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -s h -l hostname -d 'Host name' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l ipc -d 'IPC namespace' -r -f -a "private\t''
host\t''
none\t''
shareable\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -s l -l label -d 'Set a label' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l label-file -d 'Read labels from a file' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l log-driver -d 'How the output is kept: json-file (the default), k8s-file, journald or none' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l log-opt -d 'Option of the log driver: max-size=BYTES, max-file=NUMBER, compress=true, mode=non-blocking, max-buffer-size=BYTES; in each record: tag=TEMPLATE, labels=NAMES, labels-regex=PATTERN, env=NAMES, env-regex=PATTERN' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l mount -d 'Mount something (type=bind|tmpfs|volume,source=…,target=…,readonly,…)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l name -d 'Name of the container' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l network -l net -d 'Network: none (a loopback device only; the default) or host' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l oom-score-adj -d 'Adjust the OOM killer\'s preference (-1000 to 1000)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l pid -d 'PID namespace' -r -f -a "private\t''
host\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l platform -d 'Platform of the image, if it has several (os/arch[/variant])' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l pull -d 'When to pull the image' -r -f -a "always\t''
missing\t''
never\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l restart -d 'When to run it again after it ended: no, on-failure[:MAX], always, unless-stopped' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l security-opt -d 'Security option: seccomp=unconfined, seccomp=FILE, no-new-privileges' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l shm-size -d 'Size of /dev/shm' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l stop-signal -d 'Signal that stops the container' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l stop-timeout -d 'Seconds between the stop signal and SIGKILL' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l sysctl -d 'Kernel parameter of the container\'s namespaces' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l tmpfs -d 'Mount memory (target[:options])' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l uidmap -d 'Id of the container, id of the host, how many: users with --userns private, and groups without --gidmap' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l ulimit -d 'Resource limit (name=soft[:hard])' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -s u -l user -d 'User (name or number[:group])' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l userns -d 'User namespace: host (the default), auto[:size=NUMBER] (ids that no other container has), private (with --uidmap)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l uts -d 'UTS namespace' -r -f -a "private\t''
host\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -s v -l volume -d 'Mount a directory or file of the host (source:target[:ro]), or make a volume (target)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l volumes-from -d 'Mount what another container has mounted (container[:ro])' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -s w -l workdir -d 'Working directory' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -s d -l detach -d 'Leave the container in the background and print its id'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l oom-kill-disable -d 'Kill nothing when the memory is used up (cgroup v1 only)'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l init -d 'Run a small init that passes on signals and reaps processes'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -s i -l interactive -d 'Keep standard input open'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l no-healthcheck -d 'Run no health check, whatever the image says'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l privileged -d 'All capabilities and devices, no seccomp, nothing masked'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -s q -l quiet -d 'Say nothing about pulling'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l read-only -d 'The root file system cannot be written'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -l rm -d 'Remove the container when it exits'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from run" -s t -l tty -d 'Give the container a terminal'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from start" -l detach-keys -d 'Keys that leave a container running' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from start" -l filter -d 'Start those whose restart policy is this (restart-policy=always, …); of unless-stopped not what somebody stopped' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from start" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from start" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from start" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from start" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from start" -s a -l attach -d 'Show its output, and pass signals on'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from start" -s i -l interactive -d 'Pass standard input on'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from stats" -l format -d '`table`, `table TEMPLATE`, `json` or a Go template' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from stats" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from stats" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from stats" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from stats" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from stats" -s a -l all -d 'All containers, also those that do not run'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from stats" -l no-stream -d 'Only once'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from stats" -l no-trunc -d 'Show ids in full'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from stats" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from stop" -s s -l signal -d 'Signal in place of the container\'s own' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from stop" -s t -l time -l timeout -d 'Seconds to wait before SIGKILL; -1 waits for ever (default 10, or what the container says)' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from stop" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from stop" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from stop" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from stop" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from top" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from top" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from top" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from top" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from top" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from unpause" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from unpause" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from unpause" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from unpause" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from unpause" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from update" -l blkio-weight -d 'Weight of block input and output, from 10 to 1000; 0 is none' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from update" -l cpu-period -d 'Period of the processor quota, in microseconds' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from update" -l cpu-quota -d 'Processor time in each period, in microseconds' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from update" -l cpu-rt-period -d 'Period of real-time processes, in microseconds' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from update" -l cpu-rt-runtime -d 'Processor time of real-time processes in each period, in microseconds' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from update" -s c -l cpu-shares -d 'Relative share of processor time' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from update" -l cpus -d 'Number of processors, such as 1.5' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from update" -l cpuset-cpus -d 'Processors to run on, such as 0-2,7' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from update" -l cpuset-mems -d 'Memory nodes to use, such as 0,1' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from update" -s m -l memory -d 'Memory limit in bytes, with k, m or g' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from update" -l memory-reservation -d 'Memory that is not taken away while there is enough for all' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from update" -l memory-swap -d 'Limit of memory and swap together; -1 is no limit' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from update" -l pids-limit -d 'Limit of processes; 0 and -1 are no limit' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from update" -l restart -d 'When to run it again after it ended: no, on-failure[:MAX], always, unless-stopped' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from update" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from update" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from update" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from update" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from wait" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from wait" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from wait" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from wait" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from wait" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "inspect" -d 'Show everything about containers'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "ls" -d 'List containers'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "prune" -d 'Remove all containers that do not run'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "attach" -d 'Show a running container\'s output here, and pass input and signals on'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "commit" -d 'Make an image of what a container changed'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "cp" -d 'Copy files between a container and here.'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "create" -d 'Create a container without starting it'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "diff" -d 'Show what a container changed of its image\'s files'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "exec" -d 'Run a command in a running container'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "export" -d 'Write all files of a container as one tar archive'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "kill" -d 'Send a signal to running containers'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "logs" -d 'Show what a container wrote'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "pause" -d 'Freeze all processes of running containers'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "port" -d 'Show the ports of the host that lead to a container: none, as there are no bridges yet'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "rename" -d 'Give a container another name'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "restart" -d 'Stop containers that run, and start them again'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "rm" -d 'Remove containers'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "run" -d 'Create and start a container'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "start" -d 'Start stopped containers'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "stats" -d 'Show what containers use, again and again'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "stop" -d 'Stop running containers: a signal, some patience, SIGKILL'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "top" -d 'Show the processes of a running container'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "unpause" -d 'Let paused containers go on'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "update" -d 'Change limits and restart policies of containers, whether they run or not'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "wait" -d 'Wait until containers stop, and print their exit codes'
complete -c corten -n "__fish_corten_using_subcommand container; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c corten -n "__fish_corten_using_subcommand attach" -l detach-keys -d 'Keys that leave the container running' -r
complete -c corten -n "__fish_corten_using_subcommand attach" -l sig-proxy -d 'Pass signals on to the container' -r -f -a "true\t''
false\t''"
complete -c corten -n "__fish_corten_using_subcommand attach" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand attach" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand attach" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand attach" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand attach" -l logs -d 'Show first what the container wrote before, as its log has it'
complete -c corten -n "__fish_corten_using_subcommand attach" -l no-stdin -d 'Pass no input on'
complete -c corten -n "__fish_corten_using_subcommand attach" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand commit" -s a -l author -d 'Who made it' -r
complete -c corten -n "__fish_corten_using_subcommand commit" -s c -l change -d 'Instruction of a Dockerfile to apply to the image' -r
complete -c corten -n "__fish_corten_using_subcommand commit" -s m -l message -d 'A remark' -r
complete -c corten -n "__fish_corten_using_subcommand commit" -s p -l pause -d 'Let a running container stand still meanwhile' -r -f -a "true\t''
false\t''"
complete -c corten -n "__fish_corten_using_subcommand commit" -l iidfile -d 'Write the image\'s id to a file, too' -r -F
complete -c corten -n "__fish_corten_using_subcommand commit" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand commit" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand commit" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand commit" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand commit" -s q -l quiet -d 'As podman has it: nothing but the id is said in any case'
complete -c corten -n "__fish_corten_using_subcommand commit" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand cp" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand cp" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand cp" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand cp" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand cp" -s a -l archive -d 'Keep owners, and out of a container set-id bits, file capabilities and devices'
complete -c corten -n "__fish_corten_using_subcommand cp" -s L -l follow-link -d 'Follow a symbolic link that SOURCE is'
complete -c corten -n "__fish_corten_using_subcommand cp" -s q -l quiet -d 'Do not say what was copied'
complete -c corten -n "__fish_corten_using_subcommand cp" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c corten -n "__fish_corten_using_subcommand create" -l blkio-weight -d 'Weight of block input and output, from 10 to 1000; 0 is none' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l cpu-period -d 'Period of the processor quota, in microseconds' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l cpu-quota -d 'Processor time in each period, in microseconds' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l cpu-rt-period -d 'Period of real-time processes, in microseconds' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l cpu-rt-runtime -d 'Processor time of real-time processes in each period, in microseconds' -r
complete -c corten -n "__fish_corten_using_subcommand create" -s c -l cpu-shares -d 'Relative share of processor time' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l cpus -d 'Number of processors, such as 1.5' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l cpuset-cpus -d 'Processors to run on, such as 0-2,7' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l cpuset-mems -d 'Memory nodes to use, such as 0,1' -r
complete -c corten -n "__fish_corten_using_subcommand create" -s m -l memory -d 'Memory limit in bytes, with k, m or g' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l memory-reservation -d 'Memory that is not taken away while there is enough for all' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l memory-swap -d 'Limit of memory and swap together; -1 is no limit' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l pids-limit -d 'Limit of processes; 0 and -1 are no limit' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l blkio-weight-device -d 'Weight of a device\'s input and output (path:weight)' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l device-read-bps -d 'Limit of bytes read from a device each second (path:bytes)' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l device-read-iops -d 'Limit of reads from a device each second (path:number)' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l device-write-bps -d 'Limit of bytes written to a device each second (path:bytes)' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l device-write-iops -d 'Limit of writes to a device each second (path:number)' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l memory-swappiness -d 'How readily memory is swapped out, from 0 to 100; -1 leaves it to the machine' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l add-host -d 'Add a host to /etc/hosts (name:address)' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l annotation -d 'Annotation of the bundle, for the runtime and its hooks' -r
complete -c corten -n "__fish_corten_using_subcommand create" -s a -l attach -d 'Attach only these of stdin, stdout and stderr' -r -f -a "stdin\t''
stdout\t''
stderr\t''"
complete -c corten -n "__fish_corten_using_subcommand create" -l cap-add -d 'Add a capability' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l cap-drop -d 'Drop a capability' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l cgroup-parent -d 'Cgroup to make the container\'s in (default corten)' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l cgroupns -d 'Cgroup namespace (default private with cgroup v2, host otherwise)' -r -f -a "private\t''
host\t''"
complete -c corten -n "__fish_corten_using_subcommand create" -l cidfile -d 'Write the container\'s id to this file, which must not exist' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l device -d 'Add a device of the host (source[:target[:rwm]])' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l device-cgroup-rule -d 'Rule of the devices\' cgroup, such as \'c 10:229 rwm\'' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l dns -d 'Name server' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l dns-option -l dns-opt -d 'Option of the resolver' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l dns-search -d 'Domain to search for names; . is none' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l domainname -d 'NIS domain name' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l entrypoint -d 'Replace the image\'s entrypoint' -r
complete -c corten -n "__fish_corten_using_subcommand create" -s e -l env -d 'Set an environment variable; a name alone takes the value from here' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l env-file -d 'Read environment variables from a file' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l expose -d 'Port or range of ports that the container listens on; only a note' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l gidmap -d 'Id of the container, id of the host, how many: groups with --userns private' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l group-add -d 'Add a group to the process' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l health-cmd -d 'Command line that tells whether the container is well' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l health-interval -d 'Time between two health checks (default 30s)' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l health-retries -d 'Failures in a row that mean unhealthy (default 3)' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l health-start-interval -d 'Time between two health checks in the start period (default 5s)' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l health-start-period -d 'Time after the start in which failures do not count (default 0s)' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l health-timeout -d 'Time that one health check may take (default 30s)' -r
complete -c corten -n "__fish_corten_using_subcommand create" -s h -l hostname -d 'Host name' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l ipc -d 'IPC namespace' -r -f -a "private\t''
host\t''
none\t''
shareable\t''"
complete -c corten -n "__fish_corten_using_subcommand create" -s l -l label -d 'Set a label' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l label-file -d 'Read labels from a file' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l log-driver -d 'How the output is kept: json-file (the default), k8s-file, journald or none' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l log-opt -d 'Option of the log driver: max-size=BYTES, max-file=NUMBER, compress=true, mode=non-blocking, max-buffer-size=BYTES; in each record: tag=TEMPLATE, labels=NAMES, labels-regex=PATTERN, env=NAMES, env-regex=PATTERN' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l mount -d 'Mount something (type=bind|tmpfs|volume,source=…,target=…,readonly,…)' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l name -d 'Name of the container' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l network -l net -d 'Network: none (a loopback device only; the default) or host' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l oom-score-adj -d 'Adjust the OOM killer\'s preference (-1000 to 1000)' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l pid -d 'PID namespace' -r -f -a "private\t''
host\t''"
complete -c corten -n "__fish_corten_using_subcommand create" -l platform -d 'Platform of the image, if it has several (os/arch[/variant])' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l pull -d 'When to pull the image' -r -f -a "always\t''
missing\t''
never\t''"
complete -c corten -n "__fish_corten_using_subcommand create" -l restart -d 'When to run it again after it ended: no, on-failure[:MAX], always, unless-stopped' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l security-opt -d 'Security option: seccomp=unconfined, seccomp=FILE, no-new-privileges' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l shm-size -d 'Size of /dev/shm' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l stop-signal -d 'Signal that stops the container' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l stop-timeout -d 'Seconds between the stop signal and SIGKILL' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l sysctl -d 'Kernel parameter of the container\'s namespaces' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l tmpfs -d 'Mount memory (target[:options])' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l uidmap -d 'Id of the container, id of the host, how many: users with --userns private, and groups without --gidmap' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l ulimit -d 'Resource limit (name=soft[:hard])' -r
complete -c corten -n "__fish_corten_using_subcommand create" -s u -l user -d 'User (name or number[:group])' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l userns -d 'User namespace: host (the default), auto[:size=NUMBER] (ids that no other container has), private (with --uidmap)' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l uts -d 'UTS namespace' -r -f -a "private\t''
host\t''"
complete -c corten -n "__fish_corten_using_subcommand create" -s v -l volume -d 'Mount a directory or file of the host (source:target[:ro]), or make a volume (target)' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l volumes-from -d 'Mount what another container has mounted (container[:ro])' -r
complete -c corten -n "__fish_corten_using_subcommand create" -s w -l workdir -d 'Working directory' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand create" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand create" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand create" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand create" -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand create" -l oom-kill-disable -d 'Kill nothing when the memory is used up (cgroup v1 only)'
complete -c corten -n "__fish_corten_using_subcommand create" -l init -d 'Run a small init that passes on signals and reaps processes'
complete -c corten -n "__fish_corten_using_subcommand create" -s i -l interactive -d 'Keep standard input open'
complete -c corten -n "__fish_corten_using_subcommand create" -l no-healthcheck -d 'Run no health check, whatever the image says'
complete -c corten -n "__fish_corten_using_subcommand create" -l privileged -d 'All capabilities and devices, no seccomp, nothing masked'
complete -c corten -n "__fish_corten_using_subcommand create" -s q -l quiet -d 'Say nothing about pulling'
complete -c corten -n "__fish_corten_using_subcommand create" -l read-only -d 'The root file system cannot be written'
complete -c corten -n "__fish_corten_using_subcommand create" -l rm -d 'Remove the container when it exits'
complete -c corten -n "__fish_corten_using_subcommand create" -s t -l tty -d 'Give the container a terminal'
complete -c corten -n "__fish_corten_using_subcommand diff" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand diff" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand diff" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand diff" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand diff" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand exec" -l detach-keys -d 'Keys that leave the command running' -r
complete -c corten -n "__fish_corten_using_subcommand exec" -s e -l env -d 'Set an environment variable; a name alone takes the value from here' -r
complete -c corten -n "__fish_corten_using_subcommand exec" -l env-file -d 'Read environment variables from a file' -r
complete -c corten -n "__fish_corten_using_subcommand exec" -s u -l user -d 'User (name or number[:group]) in place of the container\'s' -r
complete -c corten -n "__fish_corten_using_subcommand exec" -s w -l workdir -d 'Working directory in place of the container\'s' -r
complete -c corten -n "__fish_corten_using_subcommand exec" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand exec" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand exec" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand exec" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand exec" -s d -l detach -d 'Leave the command in the background'
complete -c corten -n "__fish_corten_using_subcommand exec" -s i -l interactive -d 'Keep standard input open'
complete -c corten -n "__fish_corten_using_subcommand exec" -l privileged -d 'All capabilities'
complete -c corten -n "__fish_corten_using_subcommand exec" -s t -l tty -d 'Give the command a terminal'
complete -c corten -n "__fish_corten_using_subcommand exec" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand export" -s o -l output -d 'Write to a file in place of standard output' -r -F
complete -c corten -n "__fish_corten_using_subcommand export" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand export" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand export" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand export" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand export" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand kill" -s s -l signal -d 'The signal' -r
complete -c corten -n "__fish_corten_using_subcommand kill" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand kill" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand kill" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand kill" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand kill" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand logs" -l since -d 'Only what was written since then (RFC 3339, seconds, or a duration such as 10m)' -r
complete -c corten -n "__fish_corten_using_subcommand logs" -s n -l tail -d 'Only so many lines from the end' -r
complete -c corten -n "__fish_corten_using_subcommand logs" -l until -d 'Only what was written before then' -r
complete -c corten -n "__fish_corten_using_subcommand logs" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand logs" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand logs" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand logs" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand logs" -l details -d 'Show what the log\'s options (tag, labels, env) let each line carry'
complete -c corten -n "__fish_corten_using_subcommand logs" -s f -l follow -d 'Go on until the container ends'
complete -c corten -n "__fish_corten_using_subcommand logs" -s t -l timestamps -d 'Show when each line was written'
complete -c corten -n "__fish_corten_using_subcommand logs" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand pause" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand pause" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand pause" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand pause" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand pause" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand port" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand port" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand port" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand port" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand port" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand rename" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand rename" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand rename" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand rename" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand rename" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand restart" -s s -l signal -d 'Signal in place of the container\'s own' -r
complete -c corten -n "__fish_corten_using_subcommand restart" -s t -l time -l timeout -d 'Seconds to wait before SIGKILL; -1 waits for ever (default 10, or what the container says)' -r
complete -c corten -n "__fish_corten_using_subcommand restart" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand restart" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand restart" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand restart" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand restart" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand rm" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand rm" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand rm" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand rm" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand rm" -s f -l force -d 'Kill them first if they run; a container that is not there is no error'
complete -c corten -n "__fish_corten_using_subcommand rm" -s v -l volumes -d 'Remove the containers\' own volumes too (they always go with their container)'
complete -c corten -n "__fish_corten_using_subcommand rm" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand run" -l detach-keys -d 'Keys that leave a container running' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l sig-proxy -d 'Pass signals on to the container' -r -f -a "true\t''
false\t''"
complete -c corten -n "__fish_corten_using_subcommand run" -l blkio-weight -d 'Weight of block input and output, from 10 to 1000; 0 is none' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l cpu-period -d 'Period of the processor quota, in microseconds' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l cpu-quota -d 'Processor time in each period, in microseconds' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l cpu-rt-period -d 'Period of real-time processes, in microseconds' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l cpu-rt-runtime -d 'Processor time of real-time processes in each period, in microseconds' -r
complete -c corten -n "__fish_corten_using_subcommand run" -s c -l cpu-shares -d 'Relative share of processor time' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l cpus -d 'Number of processors, such as 1.5' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l cpuset-cpus -d 'Processors to run on, such as 0-2,7' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l cpuset-mems -d 'Memory nodes to use, such as 0,1' -r
complete -c corten -n "__fish_corten_using_subcommand run" -s m -l memory -d 'Memory limit in bytes, with k, m or g' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l memory-reservation -d 'Memory that is not taken away while there is enough for all' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l memory-swap -d 'Limit of memory and swap together; -1 is no limit' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l pids-limit -d 'Limit of processes; 0 and -1 are no limit' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l blkio-weight-device -d 'Weight of a device\'s input and output (path:weight)' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l device-read-bps -d 'Limit of bytes read from a device each second (path:bytes)' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l device-read-iops -d 'Limit of reads from a device each second (path:number)' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l device-write-bps -d 'Limit of bytes written to a device each second (path:bytes)' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l device-write-iops -d 'Limit of writes to a device each second (path:number)' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l memory-swappiness -d 'How readily memory is swapped out, from 0 to 100; -1 leaves it to the machine' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l add-host -d 'Add a host to /etc/hosts (name:address)' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l annotation -d 'Annotation of the bundle, for the runtime and its hooks' -r
complete -c corten -n "__fish_corten_using_subcommand run" -s a -l attach -d 'Attach only these of stdin, stdout and stderr' -r -f -a "stdin\t''
stdout\t''
stderr\t''"
complete -c corten -n "__fish_corten_using_subcommand run" -l cap-add -d 'Add a capability' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l cap-drop -d 'Drop a capability' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l cgroup-parent -d 'Cgroup to make the container\'s in (default corten)' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l cgroupns -d 'Cgroup namespace (default private with cgroup v2, host otherwise)' -r -f -a "private\t''
host\t''"
complete -c corten -n "__fish_corten_using_subcommand run" -l cidfile -d 'Write the container\'s id to this file, which must not exist' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l device -d 'Add a device of the host (source[:target[:rwm]])' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l device-cgroup-rule -d 'Rule of the devices\' cgroup, such as \'c 10:229 rwm\'' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l dns -d 'Name server' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l dns-option -l dns-opt -d 'Option of the resolver' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l dns-search -d 'Domain to search for names; . is none' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l domainname -d 'NIS domain name' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l entrypoint -d 'Replace the image\'s entrypoint' -r
complete -c corten -n "__fish_corten_using_subcommand run" -s e -l env -d 'Set an environment variable; a name alone takes the value from here' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l env-file -d 'Read environment variables from a file' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l expose -d 'Port or range of ports that the container listens on; only a note' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l gidmap -d 'Id of the container, id of the host, how many: groups with --userns private' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l group-add -d 'Add a group to the process' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l health-cmd -d 'Command line that tells whether the container is well' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l health-interval -d 'Time between two health checks (default 30s)' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l health-retries -d 'Failures in a row that mean unhealthy (default 3)' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l health-start-interval -d 'Time between two health checks in the start period (default 5s)' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l health-start-period -d 'Time after the start in which failures do not count (default 0s)' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l health-timeout -d 'Time that one health check may take (default 30s)' -r
complete -c corten -n "__fish_corten_using_subcommand run" -s h -l hostname -d 'Host name' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l ipc -d 'IPC namespace' -r -f -a "private\t''
host\t''
none\t''
shareable\t''"
complete -c corten -n "__fish_corten_using_subcommand run" -s l -l label -d 'Set a label' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l label-file -d 'Read labels from a file' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l log-driver -d 'How the output is kept: json-file (the default), k8s-file, journald or none' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l log-opt -d 'Option of the log driver: max-size=BYTES, max-file=NUMBER, compress=true, mode=non-blocking, max-buffer-size=BYTES; in each record: tag=TEMPLATE, labels=NAMES, labels-regex=PATTERN, env=NAMES, env-regex=PATTERN' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l mount -d 'Mount something (type=bind|tmpfs|volume,source=…,target=…,readonly,…)' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l name -d 'Name of the container' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l network -l net -d 'Network: none (a loopback device only; the default) or host' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l oom-score-adj -d 'Adjust the OOM killer\'s preference (-1000 to 1000)' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l pid -d 'PID namespace' -r -f -a "private\t''
host\t''"
complete -c corten -n "__fish_corten_using_subcommand run" -l platform -d 'Platform of the image, if it has several (os/arch[/variant])' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l pull -d 'When to pull the image' -r -f -a "always\t''
missing\t''
never\t''"
complete -c corten -n "__fish_corten_using_subcommand run" -l restart -d 'When to run it again after it ended: no, on-failure[:MAX], always, unless-stopped' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l security-opt -d 'Security option: seccomp=unconfined, seccomp=FILE, no-new-privileges' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l shm-size -d 'Size of /dev/shm' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l stop-signal -d 'Signal that stops the container' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l stop-timeout -d 'Seconds between the stop signal and SIGKILL' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l sysctl -d 'Kernel parameter of the container\'s namespaces' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l tmpfs -d 'Mount memory (target[:options])' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l uidmap -d 'Id of the container, id of the host, how many: users with --userns private, and groups without --gidmap' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l ulimit -d 'Resource limit (name=soft[:hard])' -r
complete -c corten -n "__fish_corten_using_subcommand run" -s u -l user -d 'User (name or number[:group])' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l userns -d 'User namespace: host (the default), auto[:size=NUMBER] (ids that no other container has), private (with --uidmap)' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l uts -d 'UTS namespace' -r -f -a "private\t''
host\t''"
complete -c corten -n "__fish_corten_using_subcommand run" -s v -l volume -d 'Mount a directory or file of the host (source:target[:ro]), or make a volume (target)' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l volumes-from -d 'Mount what another container has mounted (container[:ro])' -r
complete -c corten -n "__fish_corten_using_subcommand run" -s w -l workdir -d 'Working directory' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand run" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand run" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand run" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand run" -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand run" -s d -l detach -d 'Leave the container in the background and print its id'
complete -c corten -n "__fish_corten_using_subcommand run" -l oom-kill-disable -d 'Kill nothing when the memory is used up (cgroup v1 only)'
complete -c corten -n "__fish_corten_using_subcommand run" -l init -d 'Run a small init that passes on signals and reaps processes'
complete -c corten -n "__fish_corten_using_subcommand run" -s i -l interactive -d 'Keep standard input open'
complete -c corten -n "__fish_corten_using_subcommand run" -l no-healthcheck -d 'Run no health check, whatever the image says'
complete -c corten -n "__fish_corten_using_subcommand run" -l privileged -d 'All capabilities and devices, no seccomp, nothing masked'
complete -c corten -n "__fish_corten_using_subcommand run" -s q -l quiet -d 'Say nothing about pulling'
complete -c corten -n "__fish_corten_using_subcommand run" -l read-only -d 'The root file system cannot be written'
complete -c corten -n "__fish_corten_using_subcommand run" -l rm -d 'Remove the container when it exits'
complete -c corten -n "__fish_corten_using_subcommand run" -s t -l tty -d 'Give the container a terminal'
complete -c corten -n "__fish_corten_using_subcommand start" -l detach-keys -d 'Keys that leave a container running' -r
complete -c corten -n "__fish_corten_using_subcommand start" -l filter -d 'Start those whose restart policy is this (restart-policy=always, …); of unless-stopped not what somebody stopped' -r
complete -c corten -n "__fish_corten_using_subcommand start" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand start" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand start" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand start" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand start" -s a -l attach -d 'Show its output, and pass signals on'
complete -c corten -n "__fish_corten_using_subcommand start" -s i -l interactive -d 'Pass standard input on'
complete -c corten -n "__fish_corten_using_subcommand start" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand stats" -l format -d '`table`, `table TEMPLATE`, `json` or a Go template' -r
complete -c corten -n "__fish_corten_using_subcommand stats" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand stats" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand stats" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand stats" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand stats" -s a -l all -d 'All containers, also those that do not run'
complete -c corten -n "__fish_corten_using_subcommand stats" -l no-stream -d 'Only once'
complete -c corten -n "__fish_corten_using_subcommand stats" -l no-trunc -d 'Show ids in full'
complete -c corten -n "__fish_corten_using_subcommand stats" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand stop" -s s -l signal -d 'Signal in place of the container\'s own' -r
complete -c corten -n "__fish_corten_using_subcommand stop" -s t -l time -l timeout -d 'Seconds to wait before SIGKILL; -1 waits for ever (default 10, or what the container says)' -r
complete -c corten -n "__fish_corten_using_subcommand stop" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand stop" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand stop" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand stop" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand stop" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand top" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand top" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand top" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand top" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand top" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand unpause" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand unpause" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand unpause" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand unpause" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand unpause" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand update" -l blkio-weight -d 'Weight of block input and output, from 10 to 1000; 0 is none' -r
complete -c corten -n "__fish_corten_using_subcommand update" -l cpu-period -d 'Period of the processor quota, in microseconds' -r
complete -c corten -n "__fish_corten_using_subcommand update" -l cpu-quota -d 'Processor time in each period, in microseconds' -r
complete -c corten -n "__fish_corten_using_subcommand update" -l cpu-rt-period -d 'Period of real-time processes, in microseconds' -r
complete -c corten -n "__fish_corten_using_subcommand update" -l cpu-rt-runtime -d 'Processor time of real-time processes in each period, in microseconds' -r
complete -c corten -n "__fish_corten_using_subcommand update" -s c -l cpu-shares -d 'Relative share of processor time' -r
complete -c corten -n "__fish_corten_using_subcommand update" -l cpus -d 'Number of processors, such as 1.5' -r
complete -c corten -n "__fish_corten_using_subcommand update" -l cpuset-cpus -d 'Processors to run on, such as 0-2,7' -r
complete -c corten -n "__fish_corten_using_subcommand update" -l cpuset-mems -d 'Memory nodes to use, such as 0,1' -r
complete -c corten -n "__fish_corten_using_subcommand update" -s m -l memory -d 'Memory limit in bytes, with k, m or g' -r
complete -c corten -n "__fish_corten_using_subcommand update" -l memory-reservation -d 'Memory that is not taken away while there is enough for all' -r
complete -c corten -n "__fish_corten_using_subcommand update" -l memory-swap -d 'Limit of memory and swap together; -1 is no limit' -r
complete -c corten -n "__fish_corten_using_subcommand update" -l pids-limit -d 'Limit of processes; 0 and -1 are no limit' -r
complete -c corten -n "__fish_corten_using_subcommand update" -l restart -d 'When to run it again after it ended: no, on-failure[:MAX], always, unless-stopped' -r
complete -c corten -n "__fish_corten_using_subcommand update" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand update" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand update" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand update" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand update" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand wait" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand wait" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand wait" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand wait" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand wait" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand events" -s f -l filter -d 'Show only those that match: container, event, image, label, type, scope' -r
complete -c corten -n "__fish_corten_using_subcommand events" -l format -d '`json` or a Go template; in JSON `seq` numbers the events of the journal' -r
complete -c corten -n "__fish_corten_using_subcommand events" -l since -d 'Begin with what happened then (RFC 3339, seconds, or a duration such as 10m), not now' -r
complete -c corten -n "__fish_corten_using_subcommand events" -l until -d 'End then, not never' -r
complete -c corten -n "__fish_corten_using_subcommand events" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand events" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand events" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand events" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand events" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand copy" -l platform -d 'Platform to copy of images that have several, such as linux/arm64' -r
complete -c corten -n "__fish_corten_using_subcommand copy" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand copy" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand copy" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand copy" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand copy" -s a -l all -d 'Copy the images for all platforms'
complete -c corten -n "__fish_corten_using_subcommand copy" -s q -l quiet -d 'Say only the digest'
complete -c corten -n "__fish_corten_using_subcommand copy" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from inspect ls list prune rm remove history import load pull push save tag help" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from inspect ls list prune rm remove history import load pull push save tag help" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from inspect ls list prune rm remove history import load pull push save tag help" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from inspect ls list prune rm remove history import load pull push save tag help" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from inspect ls list prune rm remove history import load pull push save tag help" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from inspect ls list prune rm remove history import load pull push save tag help" -f -a "inspect" -d 'Show everything about images'
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from inspect ls list prune rm remove history import load pull push save tag help" -f -a "ls" -d 'List images'
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from inspect ls list prune rm remove history import load pull push save tag help" -f -a "list" -d 'List images'
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from inspect ls list prune rm remove history import load pull push save tag help" -f -a "prune" -d 'Remove images that have no tag and that no container uses'
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from inspect ls list prune rm remove history import load pull push save tag help" -f -a "rm" -d 'Remove images'
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from inspect ls list prune rm remove history import load pull push save tag help" -f -a "remove" -d 'Remove images'
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from inspect ls list prune rm remove history import load pull push save tag help" -f -a "history" -d 'Show how an image came to be, newest step first'
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from inspect ls list prune rm remove history import load pull push save tag help" -f -a "import" -d 'Make an image of an archive of files'
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from inspect ls list prune rm remove history import load pull push save tag help" -f -a "load" -d 'Load images from an archive of `save`, docker\'s or podman\'s, or from an OCI layout'
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from inspect ls list prune rm remove history import load pull push save tag help" -f -a "pull" -d 'Get images from their registries'
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from inspect ls list prune rm remove history import load pull push save tag help" -f -a "push" -d 'Push images to their registries'
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from inspect ls list prune rm remove history import load pull push save tag help" -f -a "save" -d 'Save images to one archive that is both an OCI layout and docker\'s format'
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from inspect ls list prune rm remove history import load pull push save tag help" -f -a "tag" -d 'Give an image one more name'
complete -c corten -n "__fish_corten_using_subcommand image; and not __fish_seen_subcommand_from inspect ls list prune rm remove history import load pull push save tag help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from inspect" -s f -l format -d 'A Go template, or `json` for one line each' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from inspect" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from inspect" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from inspect" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from inspect" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from ls" -s f -l filter -d 'Show only those that match: dangling, label, reference, before, since, until' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from ls" -l format -d '`table`, `table TEMPLATE`, `json` or a Go template' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from ls" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from ls" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from ls" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from ls" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from ls" -s a -l all -d 'Show the layers below images, too (not with --quiet: they have no id that another verb takes)'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from ls" -l digests -d 'Show digests'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from ls" -l no-trunc -d 'Show ids in full'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Show only ids'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from ls" -l tree -d 'Show how layers stand on each other, and which images end in them'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from list" -s f -l filter -d 'Show only those that match: dangling, label, reference, before, since, until' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from list" -l format -d '`table`, `table TEMPLATE`, `json` or a Go template' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from list" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from list" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from list" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from list" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from list" -s a -l all -d 'Show the layers below images, too (not with --quiet: they have no id that another verb takes)'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from list" -l digests -d 'Show digests'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from list" -l no-trunc -d 'Show ids in full'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Show only ids'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from list" -l tree -d 'Show how layers stand on each other, and which images end in them'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from prune" -l filter -d 'Only those that match: label, label!, until' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from prune" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from prune" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from prune" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from prune" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from prune" -s a -l all -d 'Remove all images that no container uses'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from prune" -s f -l force -d 'Do not ask'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from rm" -l platform -d 'Remove images only if they are for this platform' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from rm" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from rm" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from rm" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from rm" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from rm" -s a -l all -d 'Remove all images, as podman has it'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from rm" -s f -l force -d 'Remove names of images that containers use, all names of an id, and images of containers that do not run'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from rm" -s i -l ignore -d 'That there is no such image is no error, as podman has it'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from rm" -l no-prune -d 'As docker has it: what is below an image is no image here, and stays as long as another needs it'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from remove" -l platform -d 'Remove images only if they are for this platform' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from remove" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from remove" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from remove" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from remove" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from remove" -s a -l all -d 'Remove all images, as podman has it'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from remove" -s f -l force -d 'Remove names of images that containers use, all names of an id, and images of containers that do not run'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from remove" -s i -l ignore -d 'That there is no such image is no error, as podman has it'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from remove" -l no-prune -d 'As docker has it: what is below an image is no image here, and stays as long as another needs it'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from history" -l format -d '`table`, `table TEMPLATE`, `json` or a Go template' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from history" -s H -l human -d 'Sizes and times as people read them' -r -f -a "true\t''
false\t''"
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from history" -l platform -d 'Show it only if the image is for this platform' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from history" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from history" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from history" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from history" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from history" -l no-trunc -d 'Show ids and commands in full'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from history" -s q -l quiet -d 'Show only ids'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from history" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from import" -s c -l change -d 'Instruction of a Dockerfile to apply to the image' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from import" -s m -l message -d 'A remark' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from import" -l platform -d 'Platform, such as linux/arm64' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from import" -l os -d 'Operating system of the platform' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from import" -l arch -d 'Architecture of the platform' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from import" -l variant -d 'Variant of the architecture' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from import" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from import" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from import" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from import" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from import" -s q -l quiet -d 'As podman has it: nothing but the id is said in any case'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from load" -s i -l input -d 'Archive, perhaps compressed (gzip, zstd, xz, bzip2), or directory of an OCI layout; standard input without it' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from load" -l platform -d 'Load only images for this platform' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from load" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from load" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from load" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from load" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from load" -s q -l quiet -d 'Say only what was loaded'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from load" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from pull" -l platform -d 'Platform, such as linux/arm64' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from pull" -l os -d 'Operating system of the platform' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from pull" -l arch -d 'Architecture of the platform' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from pull" -l variant -d 'Variant of the architecture' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from pull" -l disable-content-trust -d 'Docker\'s: there are no notaries here; see `corten verify`' -r -f -a "true\t''
false\t''"
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from pull" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from pull" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from pull" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from pull" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from pull" -s a -l all-tags -d 'Pull all tags of the repository'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from pull" -s q -l quiet -d 'Say only what was pulled'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from pull" -l all-platforms -d 'Keep the images for all other platforms, too, so that they can be pushed and saved'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from pull" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from push" -l compression -l compression-format -d 'Compress layers otherwise than they are: gzip or zstd, or with a level, such as zstd:19' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from push" -s f -l format -d 'Write the manifest in these words: oci or docker' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from push" -l digestfile -d 'Write the digest of what was pushed to a file, too' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from push" -l platform -d 'Push only the image for this platform, without the index that it is in' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from push" -l disable-content-trust -d 'Docker\'s: there are no notaries here; see `corten verify`' -r -f -a "true\t''
false\t''"
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from push" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from push" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from push" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from push" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from push" -s a -l all-tags -d 'Push all tags of the repository'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from push" -s q -l quiet -d 'Say only what was pushed'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from push" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from save" -s o -l output -d 'Write to a file, compressed if it ends in .gz, .tgz or .zst; standard output without it' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from save" -l platform -d 'Save only the image for this platform, without the index that it is in' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from save" -l format -d 'As podman has it: the archive is in both of these formats in any case' -r -f -a "oci-archive\t''
docker-archive\t''"
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from save" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from save" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from save" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from save" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from save" -s m -l multi-image-archive -d 'As podman has it: each further word is an image in any case'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from save" -s q -l quiet -d 'As podman has it: nothing is said in any case'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from save" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from tag" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from tag" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from tag" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from tag" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from tag" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "inspect" -d 'Show everything about images'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "ls" -d 'List images'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "prune" -d 'Remove images that have no tag and that no container uses'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "rm" -d 'Remove images'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "history" -d 'Show how an image came to be, newest step first'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "import" -d 'Make an image of an archive of files'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "load" -d 'Load images from an archive of `save`, docker\'s or podman\'s, or from an OCI layout'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "pull" -d 'Get images from their registries'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "push" -d 'Push images to their registries'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "save" -d 'Save images to one archive that is both an OCI layout and docker\'s format'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "tag" -d 'Give an image one more name'
complete -c corten -n "__fish_corten_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c corten -n "__fish_corten_using_subcommand history" -l format -d '`table`, `table TEMPLATE`, `json` or a Go template' -r
complete -c corten -n "__fish_corten_using_subcommand history" -s H -l human -d 'Sizes and times as people read them' -r -f -a "true\t''
false\t''"
complete -c corten -n "__fish_corten_using_subcommand history" -l platform -d 'Show it only if the image is for this platform' -r
complete -c corten -n "__fish_corten_using_subcommand history" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand history" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand history" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand history" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand history" -l no-trunc -d 'Show ids and commands in full'
complete -c corten -n "__fish_corten_using_subcommand history" -s q -l quiet -d 'Show only ids'
complete -c corten -n "__fish_corten_using_subcommand history" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand import" -s c -l change -d 'Instruction of a Dockerfile to apply to the image' -r
complete -c corten -n "__fish_corten_using_subcommand import" -s m -l message -d 'A remark' -r
complete -c corten -n "__fish_corten_using_subcommand import" -l platform -d 'Platform, such as linux/arm64' -r
complete -c corten -n "__fish_corten_using_subcommand import" -l os -d 'Operating system of the platform' -r
complete -c corten -n "__fish_corten_using_subcommand import" -l arch -d 'Architecture of the platform' -r
complete -c corten -n "__fish_corten_using_subcommand import" -l variant -d 'Variant of the architecture' -r
complete -c corten -n "__fish_corten_using_subcommand import" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand import" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand import" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand import" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand import" -s q -l quiet -d 'As podman has it: nothing but the id is said in any case'
complete -c corten -n "__fish_corten_using_subcommand import" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand load" -s i -l input -d 'Archive, perhaps compressed (gzip, zstd, xz, bzip2), or directory of an OCI layout; standard input without it' -r -F
complete -c corten -n "__fish_corten_using_subcommand load" -l platform -d 'Load only images for this platform' -r
complete -c corten -n "__fish_corten_using_subcommand load" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand load" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand load" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand load" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand load" -s q -l quiet -d 'Say only what was loaded'
complete -c corten -n "__fish_corten_using_subcommand load" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand pull" -l platform -d 'Platform, such as linux/arm64' -r
complete -c corten -n "__fish_corten_using_subcommand pull" -l os -d 'Operating system of the platform' -r
complete -c corten -n "__fish_corten_using_subcommand pull" -l arch -d 'Architecture of the platform' -r
complete -c corten -n "__fish_corten_using_subcommand pull" -l variant -d 'Variant of the architecture' -r
complete -c corten -n "__fish_corten_using_subcommand pull" -l disable-content-trust -d 'Docker\'s: there are no notaries here; see `corten verify`' -r -f -a "true\t''
false\t''"
complete -c corten -n "__fish_corten_using_subcommand pull" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand pull" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand pull" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand pull" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand pull" -s a -l all-tags -d 'Pull all tags of the repository'
complete -c corten -n "__fish_corten_using_subcommand pull" -s q -l quiet -d 'Say only what was pulled'
complete -c corten -n "__fish_corten_using_subcommand pull" -l all-platforms -d 'Keep the images for all other platforms, too, so that they can be pushed and saved'
complete -c corten -n "__fish_corten_using_subcommand pull" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand push" -l compression -l compression-format -d 'Compress layers otherwise than they are: gzip or zstd, or with a level, such as zstd:19' -r
complete -c corten -n "__fish_corten_using_subcommand push" -s f -l format -d 'Write the manifest in these words: oci or docker' -r
complete -c corten -n "__fish_corten_using_subcommand push" -l digestfile -d 'Write the digest of what was pushed to a file, too' -r -F
complete -c corten -n "__fish_corten_using_subcommand push" -l platform -d 'Push only the image for this platform, without the index that it is in' -r
complete -c corten -n "__fish_corten_using_subcommand push" -l disable-content-trust -d 'Docker\'s: there are no notaries here; see `corten verify`' -r -f -a "true\t''
false\t''"
complete -c corten -n "__fish_corten_using_subcommand push" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand push" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand push" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand push" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand push" -s a -l all-tags -d 'Push all tags of the repository'
complete -c corten -n "__fish_corten_using_subcommand push" -s q -l quiet -d 'Say only what was pushed'
complete -c corten -n "__fish_corten_using_subcommand push" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand save" -s o -l output -d 'Write to a file, compressed if it ends in .gz, .tgz or .zst; standard output without it' -r -F
complete -c corten -n "__fish_corten_using_subcommand save" -l platform -d 'Save only the image for this platform, without the index that it is in' -r
complete -c corten -n "__fish_corten_using_subcommand save" -l format -d 'As podman has it: the archive is in both of these formats in any case' -r -f -a "oci-archive\t''
docker-archive\t''"
complete -c corten -n "__fish_corten_using_subcommand save" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand save" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand save" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand save" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand save" -s m -l multi-image-archive -d 'As podman has it: each further word is an image in any case'
complete -c corten -n "__fish_corten_using_subcommand save" -s q -l quiet -d 'As podman has it: nothing is said in any case'
complete -c corten -n "__fish_corten_using_subcommand save" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand tag" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand tag" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand tag" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand tag" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand tag" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand images" -s f -l filter -d 'Show only those that match: dangling, label, reference, before, since, until' -r
complete -c corten -n "__fish_corten_using_subcommand images" -l format -d '`table`, `table TEMPLATE`, `json` or a Go template' -r
complete -c corten -n "__fish_corten_using_subcommand images" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand images" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand images" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand images" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand images" -s a -l all -d 'Show the layers below images, too (not with --quiet: they have no id that another verb takes)'
complete -c corten -n "__fish_corten_using_subcommand images" -l digests -d 'Show digests'
complete -c corten -n "__fish_corten_using_subcommand images" -l no-trunc -d 'Show ids in full'
complete -c corten -n "__fish_corten_using_subcommand images" -s q -l quiet -d 'Show only ids'
complete -c corten -n "__fish_corten_using_subcommand images" -l tree -d 'Show how layers stand on each other, and which images end in them'
complete -c corten -n "__fish_corten_using_subcommand images" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand info" -s f -l format -d 'A Go template, or `json`' -r
complete -c corten -n "__fish_corten_using_subcommand info" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand info" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand info" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand info" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand info" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand inspect" -s f -l format -d 'A Go template, or `json` for one line each' -r
complete -c corten -n "__fish_corten_using_subcommand inspect" -l type -d 'Only objects of this type' -r -f -a "container\t''
image\t''"
complete -c corten -n "__fish_corten_using_subcommand inspect" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand inspect" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand inspect" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand inspect" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand inspect" -s s -l size -d 'Also the sizes of containers'
complete -c corten -n "__fish_corten_using_subcommand inspect" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand login" -s p -l password -d 'Password, or a personal access token in its place; others can see it in the list of processes' -r
complete -c corten -n "__fish_corten_using_subcommand login" -s u -l username -d 'Name' -r
complete -c corten -n "__fish_corten_using_subcommand login" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand login" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand login" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand login" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand login" -l password-stdin -d 'Read the password from standard input'
complete -c corten -n "__fish_corten_using_subcommand login" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand logout" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand logout" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand logout" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand logout" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand logout" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand manifest; and not __fish_seen_subcommand_from inspect help" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand manifest; and not __fish_seen_subcommand_from inspect help" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand manifest; and not __fish_seen_subcommand_from inspect help" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand manifest; and not __fish_seen_subcommand_from inspect help" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand manifest; and not __fish_seen_subcommand_from inspect help" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand manifest; and not __fish_seen_subcommand_from inspect help" -f -a "inspect" -d 'Show a manifest, or a list of them, as the registry has it'
complete -c corten -n "__fish_corten_using_subcommand manifest; and not __fish_seen_subcommand_from inspect help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c corten -n "__fish_corten_using_subcommand manifest; and __fish_seen_subcommand_from inspect" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand manifest; and __fish_seen_subcommand_from inspect" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand manifest; and __fish_seen_subcommand_from inspect" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand manifest; and __fish_seen_subcommand_from inspect" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand manifest; and __fish_seen_subcommand_from inspect" -s v -l verbose -d 'Show each manifest of a list, with its descriptor'
complete -c corten -n "__fish_corten_using_subcommand manifest; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand manifest; and __fish_seen_subcommand_from help" -f -a "inspect" -d 'Show a manifest, or a list of them, as the registry has it'
complete -c corten -n "__fish_corten_using_subcommand manifest; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c corten -n "__fish_corten_using_subcommand ps" -s f -l filter -d 'Show only those that match: id, name (a pattern), status, health, label, ancestor, exited, before, since, volume, network, publish, expose' -r
complete -c corten -n "__fish_corten_using_subcommand ps" -l format -d '`table`, `table TEMPLATE`, `json` or a Go template' -r
complete -c corten -n "__fish_corten_using_subcommand ps" -s n -l last -d 'Show the last so many, whatever their state' -r
complete -c corten -n "__fish_corten_using_subcommand ps" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand ps" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand ps" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand ps" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand ps" -s a -l all -d 'Show all containers, not only running ones'
complete -c corten -n "__fish_corten_using_subcommand ps" -s l -l latest -d 'Show the latest one, whatever its state'
complete -c corten -n "__fish_corten_using_subcommand ps" -l no-trunc -d 'Show ids, commands and names in full'
complete -c corten -n "__fish_corten_using_subcommand ps" -s q -l quiet -d 'Show only ids'
complete -c corten -n "__fish_corten_using_subcommand ps" -s s -l size -d 'Show the size of the writable layer'
complete -c corten -n "__fish_corten_using_subcommand ps" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand repack" -s a -l author -d 'Who made it' -r
complete -c corten -n "__fish_corten_using_subcommand repack" -s c -l change -d 'Instruction of a Dockerfile to apply to the image' -r
complete -c corten -n "__fish_corten_using_subcommand repack" -s m -l message -d 'A remark' -r
complete -c corten -n "__fish_corten_using_subcommand repack" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand repack" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand repack" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand repack" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand repack" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand rmi" -l platform -d 'Remove images only if they are for this platform' -r
complete -c corten -n "__fish_corten_using_subcommand rmi" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand rmi" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand rmi" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand rmi" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand rmi" -s a -l all -d 'Remove all images, as podman has it'
complete -c corten -n "__fish_corten_using_subcommand rmi" -s f -l force -d 'Remove names of images that containers use, all names of an id, and images of containers that do not run'
complete -c corten -n "__fish_corten_using_subcommand rmi" -s i -l ignore -d 'That there is no such image is no error, as podman has it'
complete -c corten -n "__fish_corten_using_subcommand rmi" -l no-prune -d 'As docker has it: what is below an image is no image here, and stays as long as another needs it'
complete -c corten -n "__fish_corten_using_subcommand rmi" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand search" -s f -l filter -d 'Only those that match: is-official, is-automated, stars' -r
complete -c corten -n "__fish_corten_using_subcommand search" -l format -d '`table`, `table TEMPLATE`, `json` or a Go template' -r
complete -c corten -n "__fish_corten_using_subcommand search" -l limit -d 'How many results, from 1 to 100' -r
complete -c corten -n "__fish_corten_using_subcommand search" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand search" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand search" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand search" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand search" -l no-trunc -d 'Show descriptions in full'
complete -c corten -n "__fish_corten_using_subcommand search" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand system; and not __fish_seen_subcommand_from df check info prune help" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand system; and not __fish_seen_subcommand_from df check info prune help" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand system; and not __fish_seen_subcommand_from df check info prune help" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand system; and not __fish_seen_subcommand_from df check info prune help" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand system; and not __fish_seen_subcommand_from df check info prune help" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand system; and not __fish_seen_subcommand_from df check info prune help" -f -a "df" -d 'Show how much of the disk is used'
complete -c corten -n "__fish_corten_using_subcommand system; and not __fish_seen_subcommand_from df check info prune help" -f -a "check" -d 'Look whether everything in the store is as it should be'
complete -c corten -n "__fish_corten_using_subcommand system; and not __fish_seen_subcommand_from df check info prune help" -f -a "info" -d 'Show what there is: containers, images, this machine'
complete -c corten -n "__fish_corten_using_subcommand system; and not __fish_seen_subcommand_from df check info prune help" -f -a "prune" -d 'Remove stopped containers, and images that nothing uses'
complete -c corten -n "__fish_corten_using_subcommand system; and not __fish_seen_subcommand_from df check info prune help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from df" -l format -d '`table`, `table TEMPLATE`, `json` or a Go template' -r
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from df" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from df" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from df" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from df" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from df" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from check" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from check" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from check" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from check" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from check" -l repair -d 'Take away what is damaged, so that a pull brings it again'
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from info" -s f -l format -d 'A Go template, or `json`' -r
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from info" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from info" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from info" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from info" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from info" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from prune" -l filter -d 'Only those that match: label, label!, until' -r
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from prune" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from prune" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from prune" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from prune" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from prune" -s a -l all -d 'Remove all images that no container uses, not only those without a tag'
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from prune" -s f -l force -d 'Do not ask'
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from help" -f -a "df" -d 'Show how much of the disk is used'
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from help" -f -a "check" -d 'Look whether everything in the store is as it should be'
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from help" -f -a "info" -d 'Show what there is: containers, images, this machine'
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from help" -f -a "prune" -d 'Remove stopped containers, and images that nothing uses'
complete -c corten -n "__fish_corten_using_subcommand system; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c corten -n "__fish_corten_using_subcommand verify" -s k -l key -d 'File with a public key; without one, the image is judged by policy.json' -r
complete -c corten -n "__fish_corten_using_subcommand verify" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand verify" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand verify" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand verify" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand verify" -s q -l quiet -d 'Say only the digest'
complete -c corten -n "__fish_corten_using_subcommand verify" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand unpack" -l uid-map -d 'Users of the bundle on the host, for a user namespace (container:host:size); --gid-map follows it' -r
complete -c corten -n "__fish_corten_using_subcommand unpack" -l gid-map -d 'Groups of the bundle on the host' -r
complete -c corten -n "__fish_corten_using_subcommand unpack" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand unpack" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand unpack" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand unpack" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand unpack" -l rootless -d 'For a user without privileges: all files are whose this is, owners are noted beside them, and nothing in config.json needs root'
complete -c corten -n "__fish_corten_using_subcommand unpack" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand version" -s f -l format -d 'A Go template, or `json`' -r
complete -c corten -n "__fish_corten_using_subcommand version" -l root -d 'Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand version" -l state-dir -d 'Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)' -r -F
complete -c corten -n "__fish_corten_using_subcommand version" -l runtime -d 'OCI runtime: a name (looked for beside corten, then on PATH) or a path' -r
complete -c corten -n "__fish_corten_using_subcommand version" -l storage-driver -d 'How to keep new containers\' files: overlay2, or vfs, which copies; if missing, as the store\'s file system allows' -r -f -a "overlay2\t''
vfs\t''"
complete -c corten -n "__fish_corten_using_subcommand version" -s h -l help -d 'Print help'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "container" -d 'Manage containers'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "attach" -d 'Show a running container\'s output here, and pass input and signals on'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "commit" -d 'Make an image of what a container changed'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "cp" -d 'Copy files between a container and here.'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "create" -d 'Create a container without starting it'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "diff" -d 'Show what a container changed of its image\'s files'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "exec" -d 'Run a command in a running container'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "export" -d 'Write all files of a container as one tar archive'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "kill" -d 'Send a signal to running containers'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "logs" -d 'Show what a container wrote'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "pause" -d 'Freeze all processes of running containers'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "port" -d 'Show the ports of the host that lead to a container: none, as there are no bridges yet'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "rename" -d 'Give a container another name'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "restart" -d 'Stop containers that run, and start them again'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "rm" -d 'Remove containers'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "run" -d 'Create and start a container'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "start" -d 'Start stopped containers'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "stats" -d 'Show what containers use, again and again'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "stop" -d 'Stop running containers: a signal, some patience, SIGKILL'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "top" -d 'Show the processes of a running container'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "unpause" -d 'Let paused containers go on'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "update" -d 'Change limits and restart policies of containers, whether they run or not'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "wait" -d 'Wait until containers stop, and print their exit codes'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "events" -d 'Show what happens to containers and images'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "copy" -d 'Copy an image between registries, layouts and archives, byte for byte'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "image" -d 'Manage images'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "history" -d 'Show how an image came to be, newest step first'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "import" -d 'Make an image of an archive of files'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "load" -d 'Load images from an archive of `save`, docker\'s or podman\'s, or from an OCI layout'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "pull" -d 'Get images from their registries'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "push" -d 'Push images to their registries'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "save" -d 'Save images to one archive that is both an OCI layout and docker\'s format'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "tag" -d 'Give an image one more name'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "images" -d 'List images'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "info" -d 'Show what there is: containers, images, this machine'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "inspect" -d 'Show everything about containers and images'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "login" -d 'Keep a name and a password for a registry'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "logout" -d 'Forget the name and password for a registry'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "manifest" -d 'Look at manifests in registries'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "ps" -d 'List containers'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "repack" -d 'Make an image of what was changed in a bundle that `unpack` wrote'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "rmi" -d 'Remove images'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "search" -d 'Look for images in a registry'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "system" -d 'Look after Corten itself'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "verify" -d 'Check the signatures of an image in a registry'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "unpack" -d 'Write an image\'s files and configuration to a directory: a bundle for any runtime'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "version" -d 'Show the versions of corten and of what it uses'
complete -c corten -n "__fish_corten_using_subcommand help; and not __fish_seen_subcommand_from container attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait events copy image history import load pull push save tag images info inspect login logout manifest ps repack rmi search system verify unpack version help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "inspect" -d 'Show everything about containers'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "ls" -d 'List containers'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "prune" -d 'Remove all containers that do not run'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "attach" -d 'Show a running container\'s output here, and pass input and signals on'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "commit" -d 'Make an image of what a container changed'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "cp" -d 'Copy files between a container and here.'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "create" -d 'Create a container without starting it'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "diff" -d 'Show what a container changed of its image\'s files'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "exec" -d 'Run a command in a running container'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "export" -d 'Write all files of a container as one tar archive'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "kill" -d 'Send a signal to running containers'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "logs" -d 'Show what a container wrote'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "pause" -d 'Freeze all processes of running containers'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "port" -d 'Show the ports of the host that lead to a container: none, as there are no bridges yet'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "rename" -d 'Give a container another name'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "restart" -d 'Stop containers that run, and start them again'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "rm" -d 'Remove containers'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "run" -d 'Create and start a container'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "start" -d 'Start stopped containers'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "stats" -d 'Show what containers use, again and again'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "stop" -d 'Stop running containers: a signal, some patience, SIGKILL'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "top" -d 'Show the processes of a running container'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "unpause" -d 'Let paused containers go on'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "update" -d 'Change limits and restart policies of containers, whether they run or not'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from container" -f -a "wait" -d 'Wait until containers stop, and print their exit codes'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "inspect" -d 'Show everything about images'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "ls" -d 'List images'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "prune" -d 'Remove images that have no tag and that no container uses'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "rm" -d 'Remove images'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "history" -d 'Show how an image came to be, newest step first'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "import" -d 'Make an image of an archive of files'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "load" -d 'Load images from an archive of `save`, docker\'s or podman\'s, or from an OCI layout'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "pull" -d 'Get images from their registries'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "push" -d 'Push images to their registries'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "save" -d 'Save images to one archive that is both an OCI layout and docker\'s format'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "tag" -d 'Give an image one more name'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from manifest" -f -a "inspect" -d 'Show a manifest, or a list of them, as the registry has it'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from system" -f -a "df" -d 'Show how much of the disk is used'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from system" -f -a "check" -d 'Look whether everything in the store is as it should be'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from system" -f -a "info" -d 'Show what there is: containers, images, this machine'
complete -c corten -n "__fish_corten_using_subcommand help; and __fish_seen_subcommand_from system" -f -a "prune" -d 'Remove stopped containers, and images that nothing uses'

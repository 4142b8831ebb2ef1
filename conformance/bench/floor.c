/* The kernel's floor: what one container costs when nobody does anything but the system calls it takes.
 * floor ROOTFS CGROUP PROGRAM: born in a cgroup of its own by clone3 with all namespaces, the usual mounts,
 * pivot_root, exec, wait, rmdir. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* musl has no <linux/sched.h>; this is clone3(2). */
#define CLONE_INTO_CGROUP_FLAG 0x200000000ULL
struct clone3_args {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

#define TRY(call) do { if ((call) < 0) { perror(#call); _exit(99); } } while (0)

static void contained(const char *rootfs, const char *program)
{
    TRY(mount("", "/", "", MS_REC | MS_PRIVATE, ""));
    TRY(mount(rootfs, rootfs, "", MS_BIND | MS_REC, ""));
    TRY(chdir(rootfs));
    TRY(mount("proc", "proc", "proc", 0, ""));
    TRY(mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k"));
    TRY(mkdir("dev/pts", 0755));
    TRY(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"));
    TRY(mkdir("dev/shm", 0755));
    TRY(mount("shm", "dev/shm", "tmpfs", MS_NOSUID | MS_NOEXEC | MS_NODEV, "mode=1777,size=65536k"));
    TRY(mkdir("dev/mqueue", 0755));
    TRY(mount("mqueue", "dev/mqueue", "mqueue", MS_NOSUID | MS_NOEXEC | MS_NODEV, ""));
    TRY(mount("sysfs", "sys", "sysfs", MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY, ""));
    TRY(syscall(SYS_pivot_root, ".", "."));
    TRY(umount2(".", MNT_DETACH));
    TRY(sethostname("floor", 5));
    char *const arguments[] = { (char *)program, "exit", "0", NULL };
    char *const environment[] = { NULL };
    TRY(execve(program, arguments, environment));
}

int main(int count, char **argument)
{
    if (count != 4)
        return 2;
    TRY(mkdir(argument[2], 0755));
    int cgroup = open(argument[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    TRY(cgroup);
    struct clone3_args clone = {
        .flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP |
                 CLONE_INTO_CGROUP_FLAG,
        .exit_signal = SIGCHLD,
        .cgroup = (uint64_t)cgroup,
    };
    long child = syscall(SYS_clone3, &clone, sizeof clone);
    TRY(child);
    if (child == 0)
        contained(argument[1], argument[3]);
    int status;
    TRY(waitpid((pid_t)child, &status, 0));
    TRY(rmdir(argument[2]));
    return status != 0;
}

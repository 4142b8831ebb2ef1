/* Which code a command runs, itself and in its children, as long as they run the command's file:
 * steps LOW HIGH OUT COMMAND ARGUMENT…
 * Single-steps all of them, and appends each address from LOW up to HIGH (hexadecimal) to OUT when it is met first.
 * Ends as the command does, and lets go of children that go on. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { UNKNOWN, STEPS, RUNS };
static char tracees[1 << 22]; /* by pid */
static struct stat own;

static char state_of(pid_t pid)
{
    char path[64];
    struct stat now;
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    return stat(path, &now) == 0 && now.st_ino == own.st_ino ? STEPS : RUNS;
}

static void let_go(pid_t pid)
{
    int status;
    kill(pid, SIGSTOP);
    if (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status))
        ptrace(PTRACE_DETACH, pid, 0, 0);
    kill(pid, SIGCONT); /* the stop that was seen may have been a step's, with ours still to come */
}

int main(int count, char **argument)
{
    if (count < 5 || stat(argument[4], &own) != 0)
        return 99;
    unsigned long low = strtoul(argument[1], NULL, 16), high = strtoul(argument[2], NULL, 16);
    char *met = calloc(high - low, 1);
    FILE *out = fopen(argument[3], "a");
    if (!met || !out)
        return 99;
    pid_t command = fork(), pid;
    if (command == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        execv(argument[4], argument + 4);
        _exit(99);
    }
    int status;
    waitpid(command, &status, 0);
    ptrace(PTRACE_SETOPTIONS, command, 0,
           PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK);
    ptrace(PTRACE_CONT, command, 0, 0);
    while ((pid = waitpid(-1, &status, __WALL)) > 0) {
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            tracees[pid] = UNKNOWN;
            if (pid == command)
                break;
            continue;
        }
        int signal = WSTOPSIG(status), event = status >> 16;
        if (tracees[pid] == UNKNOWN || event == PTRACE_EVENT_EXEC)
            tracees[pid] = state_of(pid);
        struct user_regs_struct registers;
        if (tracees[pid] == STEPS && ptrace(PTRACE_GETREGS, pid, 0, &registers) == 0) {
            unsigned long at = registers.rip;
            if (at >= low && at < high && !met[at - low]) {
                met[at - low] = 1;
                fprintf(out, "%016lx\n", at);
            }
        }
        int ours = signal == SIGTRAP || signal == SIGSTOP;
        ptrace(tracees[pid] == STEPS ? PTRACE_SINGLESTEP : PTRACE_CONT, pid, 0, ours ? 0 : signal);
    }
    fclose(out);
    for (pid = 1; pid < (pid_t)sizeof tracees; pid++)
        if (tracees[pid] != UNKNOWN)
            let_go(pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

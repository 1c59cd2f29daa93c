/* once: runs a command some times and prints a line for each run:
 *     wall_us cpu_us peak_rss_kb status gone_us
 * CPU time and memory are those of the command and of all that it waited for, by wait4. It is a program
 * of its own, static and small, as a new process counts its parent's memory as its own until it executes.
 *
 * usage: once [-i FILE] [-g PID] RUNS COMMAND [ARG...]
 *   -i FILE   the command's standard input; /dev/null unless given
 *   -g PID    gone_us is the time until that process is gone, too; else -1
 * The command finds when it was started in BENCH_T0 (CLOCK_MONOTONIC, microseconds).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static long long micro(struct timeval t) { return (long long)t.tv_sec * 1000000 + t.tv_usec; }

static pid_t begin(const char *input, char **command, long long t0) {
    char text[32];
    pid_t child;
    snprintf(text, sizeof text, "%lld", t0);
    setenv("BENCH_T0", text, 1);
    child = fork();
    if (child != 0) return child;
    int in = open(input, O_RDONLY), out = open("/dev/null", O_WRONLY);
    if (in < 0 || out < 0) _exit(127);
    dup2(in, 0);
    dup2(out, 1);
    dup2(out, 2);
    close(in);
    close(out);
    execvp(command[0], command);
    _exit(127);
}

int main(int argc, char **argv) {
    const char *input = "/dev/null";
    pid_t gone = 0;
    int option;
    while ((option = getopt(argc, argv, "+i:g:")) != -1) {
        if (option == 'i') input = optarg;
        else if (option == 'g') gone = atoi(optarg);
        else return 2;
    }
    if (argc - optind < 2) return 2;
    for (int runs = atoi(argv[optind]); runs > 0; runs--) {
        struct rusage used;
        int status;
        struct pollfd watched = {gone ? (int)syscall(SYS_pidfd_open, gone, 0) : -1, POLLIN, 0};
        long long t0 = now(), wall, until = -1;
        pid_t child = begin(input, argv + optind + 1, t0);
        if (child < 0 || wait4(child, &status, 0, &used) != child) return 1;
        wall = now() - t0;
        if (gone) {
            /* Its end, not the moment at which its parent takes note of it. */
            if (watched.fd >= 0) poll(&watched, 1, 60000);
            until = now() - t0;
        }
        printf("%lld %lld %ld %d %lld\n", wall, micro(used.ru_utime) + micro(used.ru_stime), used.ru_maxrss,
               WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), until);
        fflush(stdout);
    }
    return 0;
}

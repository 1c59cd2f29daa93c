/* tap: stands in for erlexec in a copy of a release and tells when a script has come that far.
 * It appends "KIND MICROSECONDS PID" to the file in BENCH_TAP, counted from BENCH_T0. KIND is boot for the
 * release's own VM (it alone is given -args_file), at which the tap ends; it is helper for a VM that the script
 * boots for its own needs, which goes on to the real erlexec (erlexec.real).
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
    struct timespec t;
    const char *t0 = getenv("BENCH_T0"), *name = getenv("BENCH_TAP");
    char real[4096];
    int boot = 0;
    ssize_t length;
    clock_gettime(CLOCK_MONOTONIC, &t);
    for (int i = 1; i < argc; i++) boot |= !strcmp(argv[i], "-args_file");
    FILE *log = name ? fopen(name, "a") : NULL;
    if (log) {
        long long now = (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
        fprintf(log, "%s %lld %d\n", boot ? "boot" : "helper", now - (t0 ? atoll(t0) : 0), (int)getpid());
        fclose(log);
    }
    if (boot) return 0;
    length = readlink("/proc/self/exe", real, sizeof real - sizeof ".real");
    if (length < 0) return 127;
    strcpy(real + length, ".real");
    execv(real, argv);
    return 127;
}

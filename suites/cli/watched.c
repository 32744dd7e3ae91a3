/* What `highwater watch` is tried on: 20 MiB, and then, every so many milliseconds,
 *   grow BYTES MS [STEPS]         BYTES more,
 *   settle BYTES MS [STEPS]       the same for the first 60 steps only,
 *   descriptors 0 MS [STEPS]      one descriptor more,
 *   flat 0 MS [STEPS]             nothing,
 *   shrink 0 MS [STEPS]           nothing, when the 20 MiB are given back,
 *   leaderless 0 MS               nothing; its main thread has ended, and another lives on.
 * After STEPS it exits with 3; without, never. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static void *live_on(void *nothing) {
    for (;;) pause();
    return nothing;
}

int main(int count, char **words) {
    if (count < 4) return 2;
    const char *what = words[1];
    long bytes = atol(words[2]), milliseconds = atol(words[3]), steps = count > 4 ? atol(words[4]) : -1;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    volatile char *base = malloc(20 << 20);
    if (!base) return 2;
    for (long at = 0; at < 20 << 20; at += 4096) base[at] = 1;
    if (!strcmp(what, "shrink")) free((void *)base);
    if (!strcmp(what, "leaderless")) {
        pthread_t thread;
        if (pthread_create(&thread, 0, live_on, 0) != 0) return 2;
        pthread_exit(0);
    }
    for (long step = 0; steps < 0 || step < steps; step++) {
        if (!strcmp(what, "grow") || (!strcmp(what, "settle") && step < 60)) {
            volatile char *more = malloc(bytes);
            for (long at = 0; more && at < bytes; at += 4096) more[at] = 1;
        }
        if (!strcmp(what, "descriptors")) dup(0);
        struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000};
        nanosleep(&pause, 0);
    }
    return 3;
}

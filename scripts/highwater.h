/* highwater's protocol for C and C++ programs: this one header, C99, POSIX, nothing to link (before glibc 2.34: -ldl).
 *
 *     #include "highwater.h"
 *
 *     highwater_name("service", "1.0");
 *     while (highwater_iteration()) {
 *         highwater_phase("load");
 *         struct model *model = load();
 *         highwater_phase("execute");
 *         run(model);
 *         highwater_phase("drop");
 *         unload(model);
 *     }
 *
 *     highwater run --exec './service'
 *
 * An iteration ends where highwater_iteration() is called again; highwater takes its sample there, while this program waits.
 * Where the loop is left before it returns 0, highwater_end() says so. Without highwater the loop runs three times by itself.
 * Nothing here allocates. Include it in one file of the program, and call all of it from one thread, notes too: there are no
 * locks. scripts/PROTOCOL.md describes the protocol.
 */
#ifndef HIGHWATER_H
#define HIGHWATER_H

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#define HIGHWATER_PROTOCOL 1
#define HIGHWATER_ALONE 3
#define HIGHWATER_LINE 2048

/* glibc's struct mallinfo2. */
struct highwater_mallinfo2 {
    size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};

struct highwater_state {
    int descriptor; /* -1 without highwater */
    int is_open, has_ended;
    int trim;        /* whether the present iteration ends with malloc_trim */
    int told_phases; /* whether the present iteration has told phases */
    unsigned long iteration;
    char name[256], version[64], line[HIGHWATER_LINE];
    struct highwater_mallinfo2 (*mallinfo2)(void);
    int (*malloc_trim)(size_t);
    int (*mallctl)(const char *, void *, size_t *, void *, size_t);
    int (*numeric_property)(const char *, size_t *);
};

static inline struct highwater_state *highwater_state(void) {
    static struct highwater_state state;
    return &state;
}

/* Copies text into a JSON string: what does not fit is cut off, control characters become blanks. */
static inline void highwater_copy(char *target, size_t size, const char *text) {
    size_t length = 0;
    for (; *text != '\0' && length + 3 < size; text++) {
        if (*text == '"' || *text == '\\') {
            target[length++] = '\\';
        }
        target[length++] = (unsigned char)*text < 0x20 ? ' ' : *text;
    }
    /* No half of a character of several bytes: the line must be UTF-8. */
    if (((unsigned char)*text & 0xC0) == 0x80) {
        while (length > 0 && ((unsigned char)target[length - 1] & 0xC0) == 0x80) {
            length--;
        }
        length -= length > 0;
    }
    target[length] = '\0';
}

/* Whose memory this is; to be called before the first iteration. */
static inline void highwater_name(const char *name, const char *version) {
    struct highwater_state *state = highwater_state();
    highwater_copy(state->name, sizeof state->name, name);
    highwater_copy(state->version, sizeof state->version, version);
}

/* Sends the line. */
static inline void highwater_send(void) {
    struct highwater_state *state = highwater_state();
    size_t sent = 0, length = strlen(state->line);
    while (state->is_open && sent < length) {
        ssize_t step = send(state->descriptor, state->line + sent, length - sent, MSG_NOSIGNAL);
        if (step > 0) {
            sent += (size_t)step;
        } else if (errno != EINTR) {
            state->is_open = 0;
        }
    }
}

/* Waits for an answer; whether it is to go on. Silence means no. */
static inline int highwater_goes_on(void) {
    struct highwater_state *state = highwater_state();
    size_t length = 0;
    while (state->is_open && (length == 0 || state->line[length - 1] != '\n')) {
        ssize_t step = recv(state->descriptor, state->line + length, HIGHWATER_LINE - 1 - length, 0);
        if (step > 0) {
            length += (size_t)step;
        } else if (step == 0 || errno != EINTR) {
            break;
        }
    }
    state->line[length] = '\0';
    return state->is_open && strstr(state->line, "\"type\":\"go\"") != NULL;
}

/* The function `name` of this process; `target` is a pointer to a pointer to it. */
static inline void highwater_find(const char *name, void *target) {
    void *found = dlsym(NULL, name);
    memcpy(target, &found, sizeof found);
}

/* Says hello; whether there is a first iteration. */
static inline int highwater_open(void) {
    struct highwater_state *state = highwater_state();
    const char *number = getenv("HIGHWATER_FD");
    void *mimalloc;
    state->descriptor = number == NULL ? -1 : atoi(number);
    if (state->descriptor < 0) {
        return 1;
    }
    state->is_open = 1;
    /* What this program starts has no part in the conversation. */
    fcntl(state->descriptor, F_SETFD, FD_CLOEXEC);
    highwater_find("mallctl", &state->mallctl);
    highwater_find("mi_version", &mimalloc);
    highwater_find("MallocExtension_GetNumericProperty", &state->numeric_property);
    if (state->mallctl == NULL && state->numeric_property == NULL && mimalloc == NULL) {
        highwater_find("mallinfo2", &state->mallinfo2);
        highwater_find("malloc_trim", &state->malloc_trim);
    }
    snprintf(state->line, HIGHWATER_LINE,
             "{\"type\":\"hello\",\"protocol\":%d,\"name\":\"%.255s\",\"version\":\"%.63s\",\"pid\":%ld,\"trims\":%s}\n",
             HIGHWATER_PROTOCOL, state->name[0] != '\0' ? state->name : "program", state->version, (long)getpid(),
             state->malloc_trim != NULL ? "true" : "false");
    highwater_send();
    return highwater_goes_on();
}

/* Live bytes of the allocator in force, if it tells them. */
static inline int highwater_live_bytes(size_t *live) {
    struct highwater_state *state = highwater_state();
    size_t size = sizeof *live;
    uint64_t epoch = 1;
    if (state->mallctl != NULL) {
        state->mallctl("epoch", NULL, NULL, &epoch, sizeof epoch);
        return state->mallctl("stats.allocated", live, &size, NULL, 0) == 0;
    }
    if (state->numeric_property != NULL) {
        return state->numeric_property("generic.current_allocated_bytes", live);
    }
    if (state->mallinfo2 != NULL) {
        struct highwater_mallinfo2 info = state->mallinfo2();
        *live = info.uordblks + info.hblkhd;
        return 1;
    }
    return 0;
}

/* A phase of the iteration begins: load, prepare, execute or drop. It lasts until the next one or the end. */
static inline void highwater_phase(const char *phase) {
    struct highwater_state *state = highwater_state();
    if (state->descriptor < 0 || state->iteration == 0) {
        return;
    }
    state->told_phases = 1;
    snprintf(state->line, HIGHWATER_LINE, "{\"type\":\"phase\",\"iteration\":%lu,\"phase\":\"%.16s\"}\n", state->iteration,
             phase);
    highwater_send();
    highwater_goes_on();
}

/* Tells the iteration that is over; whether there is another one. */
static inline int highwater_finish(void) {
    struct highwater_state *state = highwater_state();
    size_t live;
    int length;
    if (state->trim && state->malloc_trim != NULL) {
        if (state->told_phases) {
            /* What a trim costs belongs to no other phase. */
            highwater_phase("drop");
        }
        state->malloc_trim(0);
    }
    state->told_phases = 0;
    length = snprintf(state->line, HIGHWATER_LINE, "{\"type\":\"iteration\",\"iteration\":%lu", state->iteration);
    if (highwater_live_bytes(&live)) {
        length += snprintf(state->line + length, HIGHWATER_LINE - (size_t)length, ",\"live_bytes\":%zu", live);
    }
    snprintf(state->line + length, HIGHWATER_LINE - (size_t)length, "}\n");
    highwater_send();
    return highwater_goes_on();
}

/* Says that the work is done: highwater_iteration() does where it gives 0, a loop that is left before must. */
static inline void highwater_end(void) {
    struct highwater_state *state = highwater_state();
    if (state->is_open && !state->has_ended) {
        state->has_ended = 1;
        snprintf(state->line, HIGHWATER_LINE, "{\"type\":\"end\"}\n");
        highwater_send();
    }
}

/* Ends the present iteration, if there is one, and begins the next: its number from 1, or 0 when the loop is over. */
static inline unsigned long highwater_iteration(void) {
    struct highwater_state *state = highwater_state();
    int goes_on = state->iteration == 0 ? highwater_open() : state->descriptor < 0 ? state->iteration < HIGHWATER_ALONE
                                                                                   : highwater_finish();
    if (goes_on) {
        state->trim = state->descriptor >= 0 && strstr(state->line, "\"trim\":true") != NULL;
        return ++state->iteration;
    }
    highwater_end();
    return 0;
}

/* Sends a text of one kind. */
static inline void highwater_say(const char *type, const char *key, const char *text) {
    struct highwater_state *state = highwater_state();
    char copy[HIGHWATER_LINE / 2];
    if (!state->is_open) {
        return;
    }
    highwater_copy(copy, sizeof copy, text);
    snprintf(state->line, HIGHWATER_LINE, "{\"type\":\"%s\",\"%s\":\"%s\"}\n", type, key, copy);
    highwater_send();
}

/* A remark for whoever reads the report. */
static inline void highwater_note(const char *text) { highwater_say("note", "text", text); }

/* Says that the work cannot go on, also before the first iteration. The program should then exit. */
static inline void highwater_fail(const char *message) {
    struct highwater_state *state = highwater_state();
    if (state->iteration == 0 && !state->is_open) {
        highwater_open();
    }
    highwater_say("failed", "message", message);
}

#endif

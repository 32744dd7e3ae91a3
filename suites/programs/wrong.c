/* A program that breaks the protocol in the way that its argument names, at its third iteration where it comes so far. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int descriptor;
static const char *way;

static int is(const char *name) { return strcmp(way, name) == 0; }

static void say(const char *line) {
    size_t length = strlen(line);
    if (write(descriptor, line, length) != (ssize_t)length) {
        _exit(9);
    }
}

/* Waits for an answer; 'g' for go, 's' for stop, 0 where there is none. */
static int answer(void) {
    char line[256];
    ssize_t length = read(descriptor, line, sizeof line - 1);
    if (length <= 0) {
        return 0;
    }
    line[length] = '\0';
    return strstr(line, "stop") != NULL ? 's' : 'g';
}

static void hello(int protocol, long pid) {
    char line[256];
    snprintf(line, sizeof line, "{\"type\":\"hello\",\"protocol\":%d,\"name\":\"wrong%s\",\"pid\":%ld%s}\n%s", protocol,
             is("colours") ? "\\u001b[31m\\n" : "", pid, is("late-live") ? ",\"live\":\"exact\"" : "",
             is("remarks") ? "{\"type\":\"note\",\"text\":\"hello\"}\n" : "");
    say(line);
}

/* What goes wrong in the third iteration. */
static void break_rules(void) {
    if (is("garbage")) {
        say("[info] loading plugin...\n");
    } else if (is("exit")) {
        fputs("the licence has expired\n", stderr);
        exit(7);
    } else if (is("crash")) {
        raise(SIGSEGV);
    } else if (is("hang")) {
        pause();
    } else if (is("number")) {
        say("{\"type\":\"iteration\",\"iteration\":5}\n");
    } else if (is("phase-number")) {
        say("{\"type\":\"phase\",\"iteration\":2,\"phase\":\"load\"}\n");
    } else if (is("misspelled")) {
        say("{\"type\":\"iteration\",\"iteration\":3,\"livebytes\":1}\n");
    } else if (is("measured")) {
        say("{\"type\":\"iteration\",\"iteration\":3,\"rss_anon_bytes\":1}\n");
    } else if (is("worker")) {
        say("{\"type\":\"latencies\",\"nanoseconds\":[1]}\n");
    } else if (is("impatient")) {
        say("{\"type\":\"phase\",\"iteration\":3,\"phase\":\"load\"}\n{\"type\":\"iteration\",\"iteration\":3}\n");
    } else if (is("fail")) {
        say("{\"type\":\"failed\",\"message\":\"no such file: net.onnx\"}\n");
    } else if (is("refuse")) {
        say("{\"type\":\"incompatible\",\"message\":\"built without hooks\"}\n");
    } else if (is("close")) {
        close(descriptor);
        exit(0);
    } else if (is("close-lingers")) {
        close(descriptor);
        pause();
    } else if (is("chats")) {
        for (;;) {
            say("{\"type\":\"note\",\"text\":\"still at it\"}\n");
            usleep(20000);
        }
    } else if (is("dribbles")) {
        for (say("{\"type\":\"note\",\"text\":\"");; usleep(20000)) {
            say("y");
        }
    } else if (is("fork-aborts")) {
        /* The child holds the socket. */
        if (fork() == 0) {
            pause();
        }
        abort();
    } else if (is("ends")) {
        say("{\"type\":\"end\"}\n");
        exit(0);
    } else if (is("orphan")) {
        /* The child speaks on; the parent, which is sampled, is gone. */
        pid_t parent = getpid();
        if (fork() > 0) {
            _exit(0);
        }
        while (getppid() == parent) {
            usleep(1000);
        }
        return;
    } else {
        return;
    }
    answer();
}

int main(int count, char **arguments) {
    const char *number = getenv("HIGHWATER_FD");
    int iteration, goes_on;
    way = count > 1 ? arguments[1] : "";
    if (number == NULL) {
        fputs("HIGHWATER_FD is not set\n", stderr);
        return 2;
    }
    descriptor = atoi(number);
    if (is("silent")) {
        pause();
    } else if (is("mute")) {
        return 0;
    } else if (is("forked") && fork() > 0) {
        wait(NULL);
        return 0;
    }
    hello(is("version") ? 2 : 1, is("stranger") ? 1 : (long)getpid());
    if (is("twice") && answer() == 'g') {
        hello(1, (long)getpid());
    }
    goes_on = answer();
    for (iteration = 1; goes_on == 'g' || (goes_on == 's' && is("deaf")); iteration++) {
        char line[256];
        if (iteration == 3) {
            break_rules();
        }
        snprintf(line, sizeof line, "{\"type\":\"iteration\",\"iteration\":%d%s}\n%s", iteration,
                 is("late-live") && iteration == 1 ? "" : ",\"live_bytes\":4096",
                 is("remarks")          ? "{\"type\":\"note\",\"text\":\"while it waits\"}\n"
                 : is("halved-remarks") ? "{\"type\":\"note\","
                                        : "");
        say(line);
        if (is("halved-remarks")) {
            usleep(2000);
            say("\"text\":\"while it waits\"}\n");
        }
        goes_on = answer();
    }
    say("{\"type\":\"end\"}\n");
    if (is("lingers")) {
        pause();
    }
    return is("bad-end") ? 4 : 0;
}

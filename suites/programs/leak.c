/* A service in C that loses memory: `leak [BYTES]` bytes in every iteration, none by default. */
#include "highwater.h"

/* A model: weights, and what an inference makes of them. */
#define WEIGHTS (4u << 20)

static unsigned char *load(void) {
    unsigned char *weights = malloc(WEIGHTS);
    if (weights != NULL) {
        memset(weights, 7, WEIGHTS);
    }
    return weights;
}

static unsigned long sum(const unsigned char *weights) {
    unsigned long total = 0;
    for (size_t i = 0; i < WEIGHTS; i++) {
        total += weights[i];
    }
    return total;
}

int main(int count, char **arguments) {
    size_t lost = count > 1 ? strtoul(arguments[1], NULL, 10) : 0;
    /* What nobody sees the compiler may leave out, the loss among it. */
    void *volatile last = NULL;
    highwater_name("leak", "1");
    while (highwater_iteration()) {
        highwater_phase("load");
        unsigned char *weights = load();
        if (weights == NULL) {
            highwater_fail("Cannot allocate memory for the weights");
            return 1;
        }
        highwater_phase("execute");
        unsigned long total = sum(weights);
        if (lost > 0) {
            last = malloc(lost);
            if (last == NULL) {
                highwater_fail("Cannot allocate memory to lose");
                return 1;
            }
        }
        highwater_phase("drop");
        free(weights);
        if (total != 7ul * WEIGHTS) {
            highwater_fail("the weights are damaged");
            return 1;
        }
    }
    return 0;
}

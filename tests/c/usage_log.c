/* SPDX-License-Identifier: BSD-2-Clause */
/* "Pool usage logs can be enabled by defining the compile-time option POOL_DIAGNOSTIC": what
 * pool_print() then shows. */
#define POOL_DIAGNOSTIC
#define _POSIX_C_SOURCE 200809L
#include <sys/types.h>

#include <stdio.h>
#include <string.h>
#include <sys/pool.h>
#include <unistd.h>

#include "check.h"

static char printed[65536];

/* Reads what pool_print() writes to standard output. */
static void capture(struct pool *pp, const char *modif)
{
    FILE *file = tmpfile();
    int before = dup(1);
    size_t n;

    CHECK(file != NULL && before >= 0);
    fflush(stdout);
    CHECK(dup2(fileno(file), 1) == 1);
    pool_print(pp, modif);
    fflush(stdout);
    CHECK(dup2(before, 1) == 1);
    close(before);
    rewind(file);
    n = fread(printed, 1, sizeof printed - 1, file);
    printed[n] = '\0';
    fclose(file);
}

/* Whether one line of what was printed holds all three words. */
static int one_line_has(const char *action, const void *addr, int line)
{
    char address[32], number[32];
    const char *at = printed;

    snprintf(address, sizeof address, "%p", addr);
    snprintf(number, sizeof number, "%d", line);
    while (at != NULL && *at != '\0') {
        char copy[512];
        size_t n = strcspn(at, "\n");
        if (n >= sizeof copy)
            n = sizeof copy - 1;
        memcpy(copy, at, n);
        copy[n] = '\0';
        if (strstr(copy, action) && strstr(copy, address) && strstr(copy, number) &&
            strstr(copy, "usage_log.c"))
            return 1;
        at = strchr(at, '\n');
        if (at != NULL)
            at++;
    }
    return 0;
}

int main(void)
{
    static char wchan[] = "logged";
    struct pool p;
    void *a, *b;
    int get_a, get_b, put_a;

    pool_init(&p, 100, 0, 0, 0, wchan, 0, NULL, NULL, 0);
    get_a = __LINE__ + 1;
    a = pool_get(&p, PR_NOWAIT);
    get_b = __LINE__ + 1;
    b = pool_get(&p, PR_WAITOK);
    put_a = __LINE__ + 1;
    pool_put(&p, a);

    capture(&p, "l");
    CHECK(strstr(printed, "logged") != NULL);
    CHECK(one_line_has("get", a, get_a));
    CHECK(one_line_has("get", b, get_b));
    CHECK(one_line_has("put", a, put_a));
    CHECK(!one_line_has("put", b, put_a));

    capture(&p, "");
    CHECK(strstr(printed, "logged") != NULL);
    CHECK(strstr(printed, "usage_log.c") == NULL);

    pool_put(&p, b);
    pool_destroy(&p);
    return 0;
}

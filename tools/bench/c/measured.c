// Runs a program and writes what it cost as one JSON line to a file: the whole process, from before it is started until
// it has been waited for. A small parent, so that none of the parent's own memory counts as the program's.
//   measured RESULT PROGRAM ARGUMENT…
#include <sys/wait.h>

#include "workload.h"

int main(int count, char **arguments) {
    if (count < 3) return 2;
    double from = seconds();
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        execvp(arguments[2], arguments + 2);
        fail(arguments[2]);
    }
    int status;
    struct rusage usage;
    if (wait4(child, &status, 0, &usage) < 0) fail("wait4");
    double wall = seconds() - from;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    FILE *result = fopen(arguments[1], "w");
    if (!result) fail(arguments[1]);
    fprintf(result, "{\"code\":%d,\"resident\":%ld,\"system\":%.6f,\"user\":%.6f,\"wall\":%.6f}\n", code,
        usage.ru_maxrss * 1024, (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec * 1e-6,
        (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec * 1e-6, wall);
    fclose(result);
    return code;
}

// The events that all contenders append: a file of records, each behind its length (u32, little-endian).
// Records have Cairn's record format 1 (schemas/log-format.md).
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    const uint8_t *bytes;
    uint32_t length;
} record_t;

typedef struct {
    record_t *records;
    size_t count;
    size_t bytes;
} workload_t;

static void fail(const char *what) {
    fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
    exit(1);
}

static inline uint16_t u16_at(const uint8_t *bytes, size_t offset) {
    uint16_t value;
    memcpy(&value, bytes + offset, 2);
    return value;
}

static inline uint64_t u64_at(const uint8_t *bytes, size_t offset) {
    uint64_t value;
    memcpy(&value, bytes + offset, 8);
    return value;
}

static workload_t read_workload(const char *path) {
    int file = open(path, O_RDONLY);
    struct stat state;
    if (file < 0 || fstat(file, &state) != 0) fail(path);
    uint8_t *all = malloc((size_t)state.st_size);
    if (!all) fail("memory for the workload");
    for (off_t done = 0; done < state.st_size;) {
        ssize_t got = read(file, all + done, (size_t)(state.st_size - done));
        if (got <= 0) fail(path);
        done += got;
    }
    close(file);
    workload_t load = {0};
    size_t room = 0;
    for (size_t at = 0; at < (size_t)state.st_size;) {
        uint32_t length;
        memcpy(&length, all + at, 4);
        if (load.count == room) {
            room = room ? room * 2 : 4096;
            load.records = realloc(load.records, room * sizeof(record_t));
            if (!load.records) fail("memory for the workload");
        }
        load.records[load.count++] = (record_t){all + at + 4, length};
        load.bytes += length;
        at += 4 + length;
    }
    return load;
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

typedef struct {
    double wall, user, system;
} moment_t;

static moment_t moment(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (moment_t){seconds(), (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec * 1e-6,
        (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec * 1e-6};
}

// Sums a record eight bytes at a time, so that every byte is looked at.
static inline uint64_t sum_of(const uint8_t *bytes, size_t length) {
    uint64_t sum = 0;
    size_t at = 0;
    for (; at + 8 <= length; at += 8) sum += u64_at(bytes, at);
    for (; at < length; at++) sum += bytes[at];
    return sum;
}

static void report(moment_t from, size_t events) {
    moment_t to = moment();
    printf("{\"events\":%zu,\"system\":%.6f,\"user\":%.6f,\"wall\":%.6f}\n", events, to.system - from.system,
        to.user - from.user, to.wall - from.wall);
}

#endif

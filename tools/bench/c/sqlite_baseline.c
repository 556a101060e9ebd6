// SQLite with the same events and promises: WAL, synchronous=FULL, one transaction per batch.
//   sqlite_baseline WORKLOAD FILE BATCH
#include <sqlite3.h>

#include "workload.h"

static sqlite3 *database;

static void check(int code, const char *what) {
    if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return;
    fprintf(stderr, "bench: %s: %s\n", what, sqlite3_errmsg(database));
    exit(1);
}

static void run(const char *sql) { check(sqlite3_exec(database, sql, NULL, NULL, NULL), sql); }

static sqlite3_stmt *prepared(const char *sql) {
    sqlite3_stmt *statement;
    check(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), sql);
    return statement;
}

static void step(sqlite3_stmt *statement) {
    check(sqlite3_step(statement), "sqlite3_step");
    check(sqlite3_reset(statement), "sqlite3_reset");
}

int main(int argument_count, char **arguments) {
    if (argument_count != 4) return 2;
    workload_t load = read_workload(arguments[1]);
    size_t batch = strtoul(arguments[3], 0, 10);
    if (sqlite3_open(arguments[2], &database) != SQLITE_OK) fail(arguments[2]);
    run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE events (position INTEGER PRIMARY KEY, record BLOB NOT NULL);"
        "CREATE TABLE streams (name TEXT PRIMARY KEY, id INTEGER NOT NULL, last INTEGER NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE stream_events (stream INTEGER, position INTEGER, PRIMARY KEY (stream, position)) WITHOUT ROWID;");
    sqlite3_stmt *event = prepared("INSERT INTO events VALUES (?, ?)");
    sqlite3_stmt *place = prepared("INSERT INTO stream_events VALUES (?, ?)");
    sqlite3_stmt *find = prepared("SELECT id FROM streams WHERE name = ?");
    sqlite3_stmt *entry = prepared("INSERT INTO streams VALUES (?1, ?2, ?3) "
                                   "ON CONFLICT (name) DO UPDATE SET last = ?3");
    sqlite3_int64 next_stream = 0;
    moment_t from = moment();
    for (size_t at = 0; at < load.count; at += batch) {
        size_t end = at + batch < load.count ? at + batch : load.count;
        const uint8_t *first = load.records[at].bytes;
        run("BEGIN IMMEDIATE");
        sqlite3_bind_text(find, 1, (const char *)first + 48, u16_at(first, 40), SQLITE_STATIC);
        sqlite3_int64 stream = sqlite3_step(find) == SQLITE_ROW ? sqlite3_column_int64(find, 0) : next_stream++;
        check(sqlite3_reset(find), "sqlite3_reset");
        for (size_t i = at; i < end; i++) {
            sqlite3_bind_int64(event, 1, (sqlite3_int64)i);
            sqlite3_bind_blob(event, 2, load.records[i].bytes, (int)load.records[i].length, SQLITE_STATIC);
            step(event);
            sqlite3_bind_int64(place, 1, stream);
            sqlite3_bind_int64(place, 2, (sqlite3_int64)i);
            step(place);
        }
        sqlite3_bind_text(entry, 1, (const char *)first + 48, u16_at(first, 40), SQLITE_STATIC);
        sqlite3_bind_int64(entry, 2, stream);
        sqlite3_bind_int64(entry, 3, (sqlite3_int64)u64_at(load.records[end - 1].bytes, 16));
        step(entry);
        run("COMMIT");
    }
    report(from, load.count);
    sqlite3_finalize(event);
    sqlite3_finalize(place);
    sqlite3_finalize(find);
    sqlite3_finalize(entry);
    sqlite3_close(database);
    return 0;
}

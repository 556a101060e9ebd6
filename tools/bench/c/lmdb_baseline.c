// What liblmdb does with Cairn's records when nothing is hashed, checked or encoded.
//   lmdb_baseline append WORKLOAD DIRECTORY BATCH    the log's tables, one durable transaction per batch
//   lmdb_baseline scan DIRECTORY PASSES              a cursor over `events` that touches every byte
//   lmdb_baseline copy VIEWS DIRECTORY               appends the rows of read models to an empty file, without a sync
//   lmdb_baseline transactions DIRECTORY             how many write transactions made the file
#include <lmdb.h>
#include <sys/stat.h>

#include "workload.h"

static void check(int code, const char *what) {
    if (code == 0) return;
    fprintf(stderr, "bench: %s: %s\n", what, mdb_strerror(code));
    exit(1);
}

static MDB_env *open_environment(const char *directory, unsigned flags) {
    MDB_env *environment;
    check(mdb_env_create(&environment), "mdb_env_create");
    check(mdb_env_set_mapsize(environment, (size_t)16 << 30), "mdb_env_set_mapsize");
    check(mdb_env_set_maxdbs(environment, 8), "mdb_env_set_maxdbs");
    check(mdb_env_open(environment, directory, flags | MDB_NOTLS, 0644), directory);
    return environment;
}

typedef struct {
    MDB_dbi events, streams, stream_events, meta;
} tables_t;

static tables_t make_tables(MDB_env *environment) {
    MDB_txn *transaction;
    tables_t tables;
    check(mdb_txn_begin(environment, NULL, 0, &transaction), "mdb_txn_begin");
    check(mdb_dbi_open(transaction, "events", MDB_CREATE | MDB_INTEGERKEY, &tables.events), "events");
    check(mdb_dbi_open(transaction, "streams", MDB_CREATE, &tables.streams), "streams");
    check(mdb_dbi_open(transaction, "stream_events",
              MDB_CREATE | MDB_INTEGERKEY | MDB_DUPSORT | MDB_DUPFIXED | MDB_INTEGERDUP, &tables.stream_events),
        "stream_events");
    check(mdb_dbi_open(transaction, "meta", MDB_CREATE, &tables.meta), "meta");
    check(mdb_txn_commit(transaction), "mdb_txn_commit");
    return tables;
}

typedef struct {
    uint64_t id, last;
} stream_t;

typedef struct {
    uint64_t size, next_stream;
    uint8_t rest[40];
} state_t;

// Appends one commit: records of one stream, as the log's format has them.
static void append_commit(MDB_txn *transaction, const tables_t *tables, const record_t *records, size_t count,
    state_t *state) {
    const uint8_t *first = records[0].bytes;
    MDB_val name = {u16_at(first, 40), (void *)(first + 48)}, found;
    stream_t stream = {state->next_stream, 0};
    int code = mdb_get(transaction, tables->streams, &name, &found);
    if (code == 0) memcpy(&stream, found.mv_data, sizeof stream);
    else if (code == MDB_NOTFOUND) state->next_stream++;
    else check(code, "mdb_get");

    MDB_cursor *events, *index;
    check(mdb_cursor_open(transaction, tables->events, &events), "mdb_cursor_open");
    check(mdb_cursor_open(transaction, tables->stream_events, &index), "mdb_cursor_open");
    MDB_val id = {8, &stream.id};
    for (size_t i = 0; i < count; i++) {
        uint64_t position = state->size++;
        MDB_val key = {8, &position}, value = {records[i].length, (void *)records[i].bytes};
        check(mdb_cursor_put(events, &key, &value, MDB_APPEND), "mdb_cursor_put");
        MDB_val place = {8, &position};
        check(mdb_cursor_put(index, &id, &place, MDB_APPENDDUP), "mdb_cursor_put");
    }
    mdb_cursor_close(events);
    mdb_cursor_close(index);
    stream.last = u64_at(records[count - 1].bytes, 16);
    MDB_val entry = {sizeof stream, &stream};
    check(mdb_put(transaction, tables->streams, &name, &entry, 0), "mdb_put");
}

static void append(const char *path, const char *directory, size_t batch) {
    workload_t load = read_workload(path);
    MDB_env *environment = open_environment(directory, 0);
    tables_t tables = make_tables(environment);
    state_t state = {0};
    moment_t from = moment();
    for (size_t at = 0; at < load.count; at += batch) {
        MDB_txn *transaction;
        size_t count = load.count - at < batch ? load.count - at : batch;
        check(mdb_txn_begin(environment, NULL, 0, &transaction), "mdb_txn_begin");
        append_commit(transaction, &tables, load.records + at, count, &state);
        MDB_val key = {5, "state"}, value = {sizeof state, &state};
        check(mdb_put(transaction, tables.meta, &key, &value, 0), "mdb_put");
        check(mdb_txn_commit(transaction), "mdb_txn_commit");
    }
    report(from, load.count);
    mdb_env_close(environment);
}

static void scan(const char *directory, int passes) {
    MDB_env *environment = open_environment(directory, MDB_RDONLY);
    MDB_txn *transaction;
    MDB_dbi events;
    check(mdb_txn_begin(environment, NULL, MDB_RDONLY, &transaction), "mdb_txn_begin");
    check(mdb_dbi_open(transaction, "events", 0, &events), "events");
    printf("{\"passes\":[");
    uint64_t sum = 0;
    size_t count = 0, bytes = 0;
    for (int pass = 0; pass < passes; pass++) {
        double from = seconds();
        MDB_cursor *cursor;
        MDB_val key, value;
        count = bytes = sum = 0;
        check(mdb_cursor_open(transaction, events, &cursor), "mdb_cursor_open");
        int code;
        while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
            sum += sum_of(value.mv_data, value.mv_size);
            bytes += value.mv_size;
            count++;
        }
        if (code != MDB_NOTFOUND) check(code, "mdb_cursor_get");
        mdb_cursor_close(cursor);
        printf("%s%.6f", pass ? "," : "", seconds() - from);
    }
    printf("],\"events\":%zu,\"bytes\":%zu,\"sum\":\"%016llx\"}\n", count, bytes, (unsigned long long)sum);
    mdb_txn_abort(transaction);
    mdb_env_close(environment);
}

typedef struct {
    MDB_val key, value;
} row_t;

// All rows, in order; they stay where the file is mapped.
static row_t *read_rows(const char *directory, size_t *count) {
    MDB_env *environment = open_environment(directory, MDB_RDONLY);
    MDB_txn *transaction;
    MDB_dbi table;
    MDB_cursor *cursor;
    MDB_stat size;
    check(mdb_txn_begin(environment, NULL, MDB_RDONLY, &transaction), "mdb_txn_begin");
    check(mdb_dbi_open(transaction, "rows", 0, &table), "rows");
    check(mdb_stat(transaction, table, &size), "mdb_stat");
    row_t *rows = calloc(size.ms_entries, sizeof *rows);
    if (!rows) fail("calloc");
    check(mdb_cursor_open(transaction, table, &cursor), "mdb_cursor_open");
    for (*count = 0; *count < size.ms_entries; ++*count)
        check(mdb_cursor_get(cursor, &rows[*count].key, &rows[*count].value, MDB_NEXT), "mdb_cursor_get");
    return rows;
}

static void copy(const char *views, const char *directory) {
    enum { at_once = 200000 };
    size_t count, bytes = 0;
    row_t *rows = read_rows(views, &count);
    for (size_t i = 0; i < count; i++) bytes += rows[i].key.mv_size + rows[i].value.mv_size;
    if (mkdir(directory, 0755) < 0) fail(directory);
    MDB_env *environment = open_environment(directory, MDB_NOSYNC);
    MDB_dbi table;
    double from = seconds();
    for (size_t at = 0; at < count; at += at_once) {
        MDB_txn *transaction;
        MDB_cursor *cursor;
        check(mdb_txn_begin(environment, NULL, 0, &transaction), "mdb_txn_begin");
        check(mdb_dbi_open(transaction, "rows", MDB_CREATE, &table), "rows");
        check(mdb_cursor_open(transaction, table, &cursor), "mdb_cursor_open");
        for (size_t i = at; i < count && i < at + at_once; i++)
            check(mdb_cursor_put(cursor, &rows[i].key, &rows[i].value, MDB_APPEND), "mdb_cursor_put");
        mdb_cursor_close(cursor);
        check(mdb_txn_commit(transaction), "mdb_txn_commit");
    }
    printf("{\"bytes\":%zu,\"rows\":%zu,\"wall\":%.6f}\n", bytes, count, seconds() - from);
    mdb_env_close(environment);
}

static void transactions(const char *directory) {
    MDB_env *environment = open_environment(directory, MDB_RDONLY);
    MDB_envinfo info;
    check(mdb_env_info(environment, &info), "mdb_env_info");
    printf("{\"transactions\":%zu}\n", info.me_last_txnid);
    mdb_env_close(environment);
}

int main(int count, char **arguments) {
    if (count == 5 && strcmp(arguments[1], "append") == 0)
        append(arguments[2], arguments[3], strtoul(arguments[4], 0, 10));
    else if (count == 4 && strcmp(arguments[1], "scan") == 0) scan(arguments[2], atoi(arguments[3]));
    else if (count == 4 && strcmp(arguments[1], "copy") == 0) copy(arguments[2], arguments[3]);
    else if (count == 3 && strcmp(arguments[1], "transactions") == 0) transactions(arguments[2]);
    else return 2;
    return 0;
}

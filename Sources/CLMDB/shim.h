#pragma once
#include <lmdb.h>

#ifdef __linux__
#include <sys/vfs.h>

/// The magic number of the file system that an open file is on, or 0 if it can't be told.
static inline unsigned int clmdb_file_system_type(int descriptor) {
    struct statfs status;
    return fstatfs(descriptor, &status) == 0 ? (unsigned int)status.f_type : 0;
}
#endif

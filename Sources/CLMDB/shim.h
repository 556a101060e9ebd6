#pragma once
#include <lmdb.h>

#ifdef __linux__
#include <errno.h>
#include <linux/falloc.h>
#include <sys/types.h>
#include <sys/vfs.h>

/// Declared by <fcntl.h> for GNU sources alone.
extern int fallocate(int descriptor, int mode, off_t offset, off_t length);

/// Gives a file the blocks of its first bytes, with no change of its size; 0, or the number of the error.
static inline int clmdb_reserve_blocks(int descriptor, long bytes) {
    return fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, bytes) == 0 ? 0 : errno;
}

/// The magic number of the file system that an open file is on, or 0 if it can't be told.
static inline unsigned int clmdb_file_system_type(int descriptor) {
    struct statfs status;
    return fstatfs(descriptor, &status) == 0 ? (unsigned int)status.f_type : 0;
}
#endif

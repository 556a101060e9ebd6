#pragma once
#include <zlib.h>

// zlib's initialisers are macros. Both make streams of raw DEFLATE, as ZIP holds it.
static inline int cairn_deflate_init(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
}

static inline int cairn_inflate_init(z_stream *stream) {
    return inflateInit2(stream, -MAX_WBITS);
}

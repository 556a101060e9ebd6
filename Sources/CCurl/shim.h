#pragma once
#include <curl/curl.h>
// What waits for libcurl's sockets.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

// curl's option calls are variadic, which Swift can't call: one typed function per kind of argument.

static inline CURLcode curl_shim_global_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

static inline CURLcode curl_shim_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode curl_shim_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode curl_shim_set_string(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode curl_shim_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode curl_shim_set_bytes(CURL *easy, CURLoption option, const void *value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode curl_shim_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(easy, option, value);
}

typedef size_t (*curl_shim_receive)(char *bytes, size_t size, size_t count, void *context);
static inline CURLcode curl_shim_set_receive(CURL *easy, CURLoption option, curl_shim_receive function) {
    return curl_easy_setopt(easy, option, function);
}

typedef int (*curl_shim_before_request)(
    void *context, char *remote_address, char *local_address, int remote_port, int local_port);
static inline CURLcode curl_shim_set_before_request(CURL *easy, curl_shim_before_request function) {
    return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, function);
}

static inline CURLcode curl_shim_get_long(CURL *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}
static inline CURLcode curl_shim_get_pointer(CURL *easy, CURLINFO info, void **value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLMcode curl_shim_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

typedef int (*curl_shim_socket_wanted)(CURL *easy, curl_socket_t socket, int what, void *context, void *socket_context);
static inline CURLMcode curl_shim_multi_set_socket_wanted(CURLM *multi, curl_shim_socket_wanted function, void *context) {
    CURLMcode code = curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, function);
    return code == CURLM_OK ? curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, context) : code;
}

typedef int (*curl_shim_timer_wanted)(CURLM *multi, long milliseconds, void *context);
static inline CURLMcode curl_shim_multi_set_timer_wanted(CURLM *multi, curl_shim_timer_wanted function, void *context) {
    CURLMcode code = curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, function);
    return code == CURLM_OK ? curl_multi_setopt(multi, CURLMOPT_TIMERDATA, context) : code;
}

typedef curl_socket_t (*curl_shim_open_socket)(void *context, curlsocktype purpose, struct curl_sockaddr *address);
typedef int (*curl_shim_close_socket)(void *context, curl_socket_t socket);
static inline CURLcode curl_shim_set_sockets(
    CURL *easy, curl_shim_open_socket open, curl_shim_close_socket close, void *context) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, context);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close);
    return code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, context) : code;
}

/// Gives the calling thread a name of at most 15 bytes, which debuggers and `ps -L` show.
static inline void curl_shim_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

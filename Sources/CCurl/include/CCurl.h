#pragma once
// The checks behind curl's option macros need the functions themselves, which aren't linked.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <stdbool.h>
// What waits for libcurl's sockets.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

// libcurl is loaded when it is first needed: with the thirty libraries behind it that takes longer than most commands that
// send nothing. So every function of it goes through one here; curl's own names aren't linked. The option calls are
// variadic, which Swift can't call: those have one typed function per kind of argument.

/// Loads libcurl; NULL when it is there, and otherwise what is wrong, which stays readable.
///
/// Once in a process, before any other function here.
const char *curl_shim_load(void);

CURLcode curl_shim_global_init(void);
const char *curl_shim_version(void);
/// Whether libcurl knows by itself where certificates are.
bool curl_shim_has_certificates(void);
const char *curl_shim_error_text(CURLcode code);
struct curl_slist *curl_shim_list_append(struct curl_slist *list, const char *text);
void curl_shim_list_free(struct curl_slist *list);

CURL *curl_shim_easy_init(void);
void curl_shim_easy_cleanup(CURL *easy);
CURLcode curl_shim_easy_pause(CURL *easy, int directions);
CURLcode curl_shim_set_long(CURL *easy, CURLoption option, long value);
CURLcode curl_shim_set_offset(CURL *easy, CURLoption option, curl_off_t value);
CURLcode curl_shim_set_string(CURL *easy, CURLoption option, const char *value);
CURLcode curl_shim_set_pointer(CURL *easy, CURLoption option, void *value);
CURLcode curl_shim_set_bytes(CURL *easy, CURLoption option, const void *value);
CURLcode curl_shim_set_list(CURL *easy, CURLoption option, struct curl_slist *value);
CURLcode curl_shim_get_long(CURL *easy, CURLINFO info, long *value);
CURLcode curl_shim_get_pointer(CURL *easy, CURLINFO info, void **value);

typedef size_t (*curl_shim_receive)(char *bytes, size_t size, size_t count, void *context);
CURLcode curl_shim_set_receive(CURL *easy, CURLoption option, curl_shim_receive function);

typedef int (*curl_shim_before_request)(
    void *context, char *remote_address, char *local_address, int remote_port, int local_port);
CURLcode curl_shim_set_before_request(CURL *easy, curl_shim_before_request function);

typedef curl_socket_t (*curl_shim_open_socket)(void *context, curlsocktype purpose, struct curl_sockaddr *address);
typedef int (*curl_shim_close_socket)(void *context, curl_socket_t socket);
CURLcode curl_shim_set_sockets(
    CURL *easy, curl_shim_open_socket open, curl_shim_close_socket close, void *context);

CURLM *curl_shim_multi_init(void);
void curl_shim_multi_cleanup(CURLM *multi);
CURLMcode curl_shim_multi_add(CURLM *multi, CURL *easy);
CURLMcode curl_shim_multi_remove(CURLM *multi, CURL *easy);
CURLMcode curl_shim_multi_act(CURLM *multi, curl_socket_t socket, int mask, int *running);
CURLMsg *curl_shim_multi_message(CURLM *multi, int *left);
CURLMcode curl_shim_multi_set_long(CURLM *multi, CURLMoption option, long value);

typedef int (*curl_shim_socket_wanted)(CURL *easy, curl_socket_t socket, int what, void *context, void *socket_context);
CURLMcode curl_shim_multi_set_socket_wanted(CURLM *multi, curl_shim_socket_wanted function, void *context);

typedef int (*curl_shim_timer_wanted)(CURLM *multi, long milliseconds, void *context);
CURLMcode curl_shim_multi_set_timer_wanted(CURLM *multi, curl_shim_timer_wanted function, void *context);

/// Gives the calling thread a name of at most 15 bytes, which debuggers and `ps -L` show.
static inline void curl_shim_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

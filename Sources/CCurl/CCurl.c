#include "CCurl.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>

/// The functions of libcurl, with the types of its header.
static struct {
    __typeof__(curl_global_init) *global_init;
    __typeof__(curl_version) *version;
    __typeof__(curl_version_info) *version_info;
    __typeof__(curl_slist_append) *slist_append;
    __typeof__(curl_slist_free_all) *slist_free_all;
    __typeof__(curl_easy_init) *easy_init;
    __typeof__(curl_easy_cleanup) *easy_cleanup;
    __typeof__(curl_easy_setopt) *easy_setopt;
    __typeof__(curl_easy_getinfo) *easy_getinfo;
    __typeof__(curl_easy_pause) *easy_pause;
    __typeof__(curl_easy_strerror) *easy_strerror;
    __typeof__(curl_multi_init) *multi_init;
    __typeof__(curl_multi_cleanup) *multi_cleanup;
    __typeof__(curl_multi_setopt) *multi_setopt;
    __typeof__(curl_multi_add_handle) *multi_add_handle;
    __typeof__(curl_multi_remove_handle) *multi_remove_handle;
    __typeof__(curl_multi_socket_action) *multi_socket_action;
    __typeof__(curl_multi_info_read) *multi_info_read;
} curl;

#define PLACE(function) { "curl_" #function, offsetof(__typeof__(curl), function) }
static const struct {
    const char *name;
    size_t offset;
} places[] = {
    PLACE(global_init), PLACE(version), PLACE(version_info), PLACE(slist_append), PLACE(slist_free_all),
    PLACE(easy_init), PLACE(easy_cleanup), PLACE(easy_setopt), PLACE(easy_getinfo), PLACE(easy_pause),
    PLACE(easy_strerror), PLACE(multi_init), PLACE(multi_cleanup), PLACE(multi_setopt), PLACE(multi_add_handle),
    PLACE(multi_remove_handle), PLACE(multi_socket_action), PLACE(multi_info_read),
};

const char *curl_shim_load(void) {
    static char problem[512];
    // All of it is resolved now, so that nothing can be missing later. It stays for as long as the process lives.
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    for (size_t index = 0; library && index < sizeof places / sizeof *places; index++) {
        void *function = dlsym(library, places[index].name);
        if (!function) library = NULL;
        *(void **)((char *)&curl + places[index].offset) = function;
    }
    if (library) return NULL;
    const char *reason = dlerror();
    snprintf(problem, sizeof problem, "%s", reason ? reason : "libcurl.so.4 can't be loaded");
    return problem;
}

CURLcode curl_shim_global_init(void) { return curl.global_init(CURL_GLOBAL_DEFAULT); }

const char *curl_shim_version(void) { return curl.version(); }

bool curl_shim_has_certificates(void) { return curl.version_info(CURLVERSION_NINTH)->cainfo != NULL; }

const char *curl_shim_error_text(CURLcode code) { return curl.easy_strerror(code); }

struct curl_slist *curl_shim_list_append(struct curl_slist *list, const char *text) {
    return curl.slist_append(list, text);
}

void curl_shim_list_free(struct curl_slist *list) { curl.slist_free_all(list); }

// One transfer.

CURL *curl_shim_easy_init(void) { return curl.easy_init(); }

void curl_shim_easy_cleanup(CURL *easy) { curl.easy_cleanup(easy); }

CURLcode curl_shim_easy_pause(CURL *easy, int directions) { return curl.easy_pause(easy, directions); }

CURLcode curl_shim_set_long(CURL *easy, CURLoption option, long value) {
    return curl.easy_setopt(easy, option, value);
}

CURLcode curl_shim_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
    return curl.easy_setopt(easy, option, value);
}

CURLcode curl_shim_set_string(CURL *easy, CURLoption option, const char *value) {
    return curl.easy_setopt(easy, option, value);
}

CURLcode curl_shim_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl.easy_setopt(easy, option, value);
}

CURLcode curl_shim_set_bytes(CURL *easy, CURLoption option, const void *value) {
    return curl.easy_setopt(easy, option, value);
}

CURLcode curl_shim_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return curl.easy_setopt(easy, option, value);
}

CURLcode curl_shim_get_long(CURL *easy, CURLINFO info, long *value) { return curl.easy_getinfo(easy, info, value); }

CURLcode curl_shim_get_pointer(CURL *easy, CURLINFO info, void **value) {
    return curl.easy_getinfo(easy, info, value);
}

CURLcode curl_shim_set_receive(CURL *easy, CURLoption option, curl_shim_receive function) {
    return curl.easy_setopt(easy, option, function);
}

CURLcode curl_shim_set_before_request(CURL *easy, curl_shim_before_request function) {
    return curl.easy_setopt(easy, CURLOPT_PREREQFUNCTION, function);
}

CURLcode curl_shim_set_sockets(
    CURL *easy, curl_shim_open_socket open, curl_shim_close_socket close, void *context) {
    CURLcode code = curl.easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open);
    if (code == CURLE_OK) code = curl.easy_setopt(easy, CURLOPT_OPENSOCKETDATA, context);
    if (code == CURLE_OK) code = curl.easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close);
    return code == CURLE_OK ? curl.easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, context) : code;
}

// All transfers of a thread.

CURLM *curl_shim_multi_init(void) { return curl.multi_init(); }

void curl_shim_multi_cleanup(CURLM *multi) { curl.multi_cleanup(multi); }

CURLMcode curl_shim_multi_add(CURLM *multi, CURL *easy) { return curl.multi_add_handle(multi, easy); }

CURLMcode curl_shim_multi_remove(CURLM *multi, CURL *easy) { return curl.multi_remove_handle(multi, easy); }

CURLMcode curl_shim_multi_act(CURLM *multi, curl_socket_t socket, int mask, int *running) {
    return curl.multi_socket_action(multi, socket, mask, running);
}

CURLMsg *curl_shim_multi_message(CURLM *multi, int *left) { return curl.multi_info_read(multi, left); }

CURLMcode curl_shim_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl.multi_setopt(multi, option, value);
}

CURLMcode curl_shim_multi_set_socket_wanted(CURLM *multi, curl_shim_socket_wanted function, void *context) {
    CURLMcode code = curl.multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, function);
    return code == CURLM_OK ? curl.multi_setopt(multi, CURLMOPT_SOCKETDATA, context) : code;
}

CURLMcode curl_shim_multi_set_timer_wanted(CURLM *multi, curl_shim_timer_wanted function, void *context) {
    CURLMcode code = curl.multi_setopt(multi, CURLMOPT_TIMERFUNCTION, function);
    return code == CURLM_OK ? curl.multi_setopt(multi, CURLMOPT_TIMERDATA, context) : code;
}

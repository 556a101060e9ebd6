import CCurl
import Glibc

/// libcurl's easy handle: owns the handle, the error text and the list of header fields, and frees them once.
///
/// One handle serves many transfers, one after the other. It belongs to the thread of its `CurlLoop`.
@safe struct CurlHandle: ~Copyable {
    /// Functions that libcurl calls during a transfer, each with `context`.
    @safe struct Callbacks {
        let context: UnsafeMutableRawPointer
        let receiveHead: curl_shim_receive
        let receiveBody: curl_shim_receive
        let beforeRequest: curl_shim_before_request
    }

    /// For the multi handle; not to be freed or kept.
    let easy: UnsafeMutableRawPointer
    private let errorText: UnsafeMutableBufferPointer<CChar>
    private var headerList: UnsafeMutablePointer<curl_slist>?
    /// What `headerList` was made of: the same fields in the next request need no new list.
    private var listedFor: [HTTPHeader]?
    private var listedWithBody = false
    private let proxies: ProxySettings

    /// Bytes of a body above which libcurl's copy is not kept for the next transfer.
    private static let keptBodyBytes = 64 << 10

    /// Makes a handle with all options that are the same for every transfer; `nil` when libcurl has no memory for it.
    init?(configuration: CurlTransport.Configuration, callbacks: Callbacks) {
        guard CurlLibrary.problem == nil, let easy = unsafe curl_shim_easy_init() else { return nil }
        unsafe self.easy = easy
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0)
        unsafe headerList = nil
        proxies = configuration.proxies
        unsafe set(CURLOPT_ERRORBUFFER, pointer: errorText.baseAddress)
        setSafety(configuration)
        setCallbacks(callbacks)
    }

    deinit {
        unsafe curl_shim_easy_cleanup(easy)
        unsafe curl_shim_list_free(headerList)
        unsafe errorText.deallocate()
    }

    /// Sets what differs between transfers; the request must have no `problem`.
    mutating func prepare(_ request: HTTPRequest) {
        unsafe errorText[0] = 0
        set(CURLOPT_URL, request.url)
        setMethod(request)
        setHeaders(request)
        set(CURLOPT_FORBID_REUSE, 0)
        set(CURLOPT_PROXY, request.isSecure ? proxies.secure : proxies.plain)
        set(CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(clamping: request.limits.connectTimeout.wholeMicroseconds) / 1000))
        // Waits whether a new connection speaks HTTP/2 before it opens a second one; plain HTTP never does.
        set(CURLOPT_PIPEWAIT, request.isSecure ? 1 : 0)
    }

    /// Lets go of what only this transfer needed.
    func finish(_ request: HTTPRequest) {
        guard request.body.count > Self.keptBodyBytes else { return }
        unsafe set(CURLOPT_COPYPOSTFIELDS, pointer: nil)
    }

    /// Makes libcurl close the connection when this transfer ends, unless others use it too.
    ///
    /// For one that is cut short: an HTTP/2 server learns of it only with what is sent next, which on a kept connection may
    /// be never.
    func forbidReuse() { set(CURLOPT_FORBID_REUSE, 1) }

    /// Makes libcurl send what waits to be sent on this transfer's connection.
    ///
    /// Going on after a pause sends the HTTP/2 window, and before it all that came earlier.
    func flush() {
        unsafe curl_shim_easy_pause(easy, CURLPAUSE_RECV)
        unsafe curl_shim_easy_pause(easy, CURLPAUSE_CONT)
    }

    /// What libcurl found wrong, in its own words.
    func errorMessage(for code: CURLcode) -> String {
        guard let start = unsafe errorText.baseAddress, unsafe start.pointee != 0 else {
            return unsafe String(cString: curl_shim_error_text(code))
        }
        return unsafe String(cString: start)
    }

    /// Whether the transfer opened no connection of its own.
    var reusedConnection: Bool {
        var count = 0
        let code = unsafe curl_shim_get_long(easy, CURLINFO_NUM_CONNECTS, &count)
        return code == CURLE_OK && count == 0
    }

    private func setSafety(_ configuration: CurlTransport.Configuration) {
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        set(CURLOPT_TCP_NODELAY, 1)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        // Otherwise ending a transfer while its host is being resolved would hold up all others until the resolver answers.
        set(CURLOPT_QUICK_EXIT, 1)
        set(CURLOPT_USERAGENT, configuration.userAgent)
        setTrust(configuration)
        // With both set libcurl looks at no environment of its own.
        set(CURLOPT_NOPROXY, configuration.proxies.exceptions)
        set(CURLOPT_HEADEROPT, Int(CURLHEADER_SEPARATE))
    }

    /// A file is read once for all connections, but only if there is no directory beside it to look into each time.
    private func setTrust(_ configuration: CurlTransport.Configuration) {
        if let file = configuration.certificateFile { set(CURLOPT_CAINFO, file) }
        if let directory = configuration.certificateDirectory {
            set(CURLOPT_CAPATH, directory)
        } else if configuration.certificateFile != nil || curl_shim_has_certificates() {
            unsafe set(CURLOPT_CAPATH, pointer: nil)
        }
    }

    private func setCallbacks(_ callbacks: Callbacks) {
        unsafe set(CURLOPT_PRIVATE, pointer: callbacks.context)
        unsafe set(CURLOPT_HEADERDATA, pointer: callbacks.context)
        unsafe set(CURLOPT_WRITEDATA, pointer: callbacks.context)
        unsafe set(CURLOPT_PREREQDATA, pointer: callbacks.context)
        unsafe check(curl_shim_set_receive(easy, CURLOPT_HEADERFUNCTION, callbacks.receiveHead))
        unsafe check(curl_shim_set_receive(easy, CURLOPT_WRITEFUNCTION, callbacks.receiveBody))
        unsafe check(curl_shim_set_before_request(easy, callbacks.beforeRequest))
    }

    private func setMethod(_ request: HTTPRequest) {
        let isPlain = request.body.isEmpty && request.method == "GET"
        unsafe set(CURLOPT_CUSTOMREQUEST, pointer: nil)
        set(CURLOPT_HTTPGET, 1)
        if isPlain { return }
        if request.method == "HEAD" {
            set(CURLOPT_NOBODY, 1)
        } else if request.body.isEmpty && request.method != "POST" && request.method != "PUT" {
            set(CURLOPT_CUSTOMREQUEST, request.method)
        } else {
            set(CURLOPT_POST, 1)
            setBody(request.body)
            if request.method != "POST" { set(CURLOPT_CUSTOMREQUEST, request.method) }
        }
    }

    private func setBody(_ body: [UInt8]) {
        unsafe check(curl_shim_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
        unsafe body.withUnsafeBytes { bytes in
            let start = bytes.baseAddress
            unsafe check(start.map { unsafe curl_shim_set_bytes(easy, CURLOPT_COPYPOSTFIELDS, $0) } ?? setEmptyBody())
        }
    }

    private func setEmptyBody() -> CURLcode { unsafe curl_shim_set_string(easy, CURLOPT_COPYPOSTFIELDS, "") }

    private mutating func setHeaders(_ request: HTTPRequest) {
        let hasBody = !request.body.isEmpty
        guard listedFor != request.headers || listedWithBody != hasBody else { return }
        unsafe set(list: nil)
        unsafe curl_shim_list_free(headerList)
        unsafe headerList = nil
        listedFor = request.headers
        listedWithBody = hasBody
        for line in request.headerLines {
            guard let longer = unsafe curl_shim_list_append(headerList, line) else {
                preconditionFailure("no memory for a header field of \(line.utf8.count) bytes")
            }
            unsafe headerList = longer
        }
        unsafe set(list: headerList)
    }

    private func set(list: UnsafeMutablePointer<curl_slist>?) {
        unsafe check(curl_shim_set_list(easy, CURLOPT_HTTPHEADER, list))
    }

    private func set(_ option: CURLoption, _ value: Int) {
        unsafe check(curl_shim_set_long(easy, option, value))
    }

    private func set(_ option: CURLoption, _ value: String) {
        unsafe check(curl_shim_set_string(easy, option, value))
    }

    private func set(_ option: CURLoption, pointer: UnsafeMutableRawPointer?) {
        unsafe check(curl_shim_set_pointer(easy, option, pointer))
    }

    /// Options are constants and their values were checked before, so that a refusal means no memory or a libcurl without
    /// the protocol.
    private func check(_ code: CURLcode) {
        precondition(code == CURLE_OK, "libcurl refused an option with code \(code.rawValue)")
    }
}

extension HTTPRequest {
    /// Header fields as libcurl takes them: `Name;` is an empty field, `Name:` leaves out one of libcurl's own.
    var headerLines: [String] {
        var lines = headers.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        lines.append("Expect:")
        if !hasHeader("accept-encoding") { lines.append("Accept-Encoding: identity") }
        if !hasHeader("content-type") { lines.append("Content-Type:") }
        return lines
    }

    private func hasHeader(_ name: String) -> Bool { headers.contains { $0.name.lowercased() == name } }
}

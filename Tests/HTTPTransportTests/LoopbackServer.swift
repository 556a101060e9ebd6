import Glibc

/// A server on 127.0.0.1 that answers from a script, over raw sockets: what it sends needn't be HTTP.
///
/// One thread serves all connections. It counts them and their requests, and tells a test when one was closed.
final class LoopbackServer: Sendable {
    /// One step of an answer to a request.
    enum Step: Sendable {
        case send([UInt8])
        /// So many zero bytes, written as the client takes them.
        case sendZeros(Int)
        /// Waits for `release()`.
        case wait
        /// Answers nothing more on this connection and keeps it open.
        case hang
        case close
        /// Closes with a reset instead of an end.
        case reset

        /// A complete response that keeps the connection.
        static func respond(_ status: Int = 200, headers: [String] = [], body: [UInt8] = []) -> Step {
            let lines = ["HTTP/1.1 \(status) Reason", "Content-Length: \(body.count)"] + headers
            return .send(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)
        }

        static func send(_ text: String) -> Step { .send(Array(text.utf8)) }
    }

    typealias Script = @Sendable (LoopbackRecord.Request) -> [Step]

    let record = LoopbackRecord()
    let port: UInt16
    var url: String { "http://127.0.0.1:\(port)" }
    /// A byte in it releases those that wait; its end ends the thread.
    private let control: CInt

    /// Starts to listen; `greeting` is performed on each new connection, `script` says what to do with each request.
    init(greeting: [Step] = [], _ script: @escaping Script) throws {
        let listener = try LoopbackSocket.bound()
        guard listen(listener.socket, 4096) == 0 else { throw LoopbackSocket.Failure(call: "listen", code: errno) }
        var ends: [CInt] = [0, 0]
        guard pipe(&ends) == 0 else { throw LoopbackSocket.Failure(call: "pipe", code: errno) }
        for end in ends { LoopbackSocket.keepFromPrograms(end) }
        port = listener.port
        control = ends[1]
        let loop = LoopbackLoop(
            listener: listener.socket, control: ends[0], record: record, greeting: greeting, script: script)
        let context = Unmanaged.passRetained(loop)
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<LoopbackLoop>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard status == 0 else { throw LoopbackSocket.Failure(call: "pthread_create", code: status) }
        pthread_detach(thread)
    }

    deinit { close(control) }

    /// Lets every connection go on that stands at a `wait` now.
    func release() {
        var byte: UInt8 = 1
        _ = write(control, &byte, 1)
    }
}

/// Sockets on 127.0.0.1.
enum LoopbackSocket {
    struct Failure: Error {
        let call: String
        let code: CInt
    }

    /// A program that another test starts meanwhile would hold the connection open after its end here.
    static func keepFromPrograms(_ descriptor: CInt) { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }

    /// A socket with a free port, on which nobody listens yet.
    static func bound() throws -> (socket: CInt, port: UInt16) {
        let socket = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw Failure(call: "socket", code: errno) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(socket, pointer, length) == 0 && getsockname(socket, pointer, &length) == 0
            }
        }
        guard isBound else { throw Failure(call: "bind", code: errno) }
        return (socket, UInt16(bigEndian: address.sin_port))
    }
}

import Glibc

/// The thread of a loopback server: accepts, reads requests, performs the steps of their answers.
final class LoopbackLoop {
    /// As libcurl writes it.
    private static let lengthField = Array("Content-Length:".utf8)
    private static let zeros = [UInt8](repeating: 0, count: 1 << 16)

    private final class Connection {
        let number: Int
        var received: [UInt8] = []
        /// The head of the request whose body is arriving.
        var head: String?
        var steps: [LoopbackServer.Step] = []
        /// Bytes to send before the next step.
        var pending: ArraySlice<UInt8> = []
        var zerosLeft = 0
        var isHanging = false
        var isWaiting = false
        /// Whether the client must take bytes first.
        var isBlocked = false

        init(number: Int) { self.number = number }
    }

    private let listener: CInt
    private let control: CInt
    private let record: LoopbackRecord
    private let script: LoopbackServer.Script
    private let greeting: [LoopbackServer.Step]
    private var connections: [CInt: Connection] = [:]
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)

    init(
        listener: CInt, control: CInt, record: LoopbackRecord, greeting: [LoopbackServer.Step],
        script: @escaping LoopbackServer.Script
    ) {
        self.greeting = greeting
        self.listener = listener
        self.control = control
        self.record = record
        self.script = script
    }

    deinit {
        for socket in connections.keys { close(socket) }
        for descriptor in [listener, control] { close(descriptor) }
    }

    func run() {
        while true {
            var polled = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
            polled.append(pollfd(fd: control, events: Int16(POLLIN), revents: 0))
            for (socket, connection) in connections {
                let interest = connection.isBlocked ? POLLIN | POLLOUT : POLLIN
                polled.append(pollfd(fd: socket, events: Int16(interest), revents: 0))
            }
            if poll(&polled, nfds_t(polled.count), -1) < 0 && errno != EINTR { return }
            for entry in polled.dropFirst(2) where entry.revents != 0 { serve(entry.fd, entry.revents) }
            if polled[0].revents != 0 { accept() }
            if polled[1].revents != 0, !releaseWaiting() { return }
        }
    }

    private func accept() {
        let socket = Glibc.accept(listener, nil, nil)
        guard socket >= 0 else { return }
        LoopbackSocket.keepFromPrograms(socket)
        var one: CInt = 1
        setsockopt(socket, CInt(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<CInt>.size))
        let connection = Connection(number: record.noteConnection())
        connection.steps = greeting
        connections[socket] = connection
        perform(socket, connection)
    }

    /// False when the server is gone.
    private func releaseWaiting() -> Bool {
        guard read(control, &buffer, 1) == 1 else { return false }
        for (socket, connection) in connections where connection.isWaiting {
            connection.isWaiting = false
            perform(socket, connection)
        }
        return true
    }

    private func serve(_ socket: CInt, _ happened: Int16) {
        guard let connection = connections[socket] else { return }
        if CInt(happened) & (POLLIN | POLLHUP | POLLERR) != 0 {
            let count = read(socket, &buffer, buffer.count)
            if count > 0 {
                connection.received += buffer.prefix(count)
            } else {
                record.noteClosedByClient()
                end(socket)
                return
            }
        }
        perform(socket, connection)
    }

    /// Goes on with the answer until the client has to do something.
    private func perform(_ socket: CInt, _ connection: Connection) {
        while !connection.isHanging, !connection.isWaiting {
            guard flush(socket, connection) else { return }
            if connection.steps.isEmpty {
                guard let request = takeRequest(connection) else { return }
                connection.steps = script(request)
                record.noteRequest(request)
                continue
            }
            switch connection.steps.removeFirst() {
            case .send(let bytes): connection.pending = bytes[...]
            case .sendZeros(let count): connection.zerosLeft = count
            case .wait: connection.isWaiting = true
            case .hang: connection.isHanging = true
            case .close:
                end(socket)
                return record.noteClosedByServer()
            case .reset: return reset(socket)
            }
        }
    }

    /// Whether everything is sent; if not, it goes on when the socket takes more.
    private func flush(_ socket: CInt, _ connection: Connection) -> Bool {
        while !connection.pending.isEmpty || connection.zerosLeft > 0 {
            if connection.pending.isEmpty {
                connection.pending = Self.zeros.prefix(connection.zerosLeft)
                connection.zerosLeft -= connection.pending.count
            }
            let flags = CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT)
            let count = connection.pending.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, flags) }
            connection.isBlocked = count <= 0
            if count <= 0 { return false }
            connection.pending = connection.pending.dropFirst(count)
        }
        return true
    }

    /// A request that arrived whole, with the body that its `Content-Length` announces.
    private func takeRequest(_ connection: Connection) -> LoopbackRecord.Request? {
        if connection.head == nil {
            guard let length = headLength(connection.received) else { return nil }
            connection.head = String(decoding: connection.received.prefix(length), as: UTF8.self)
            connection.received.removeFirst(length)
        }
        guard let head = connection.head else { return nil }
        let length = Self.contentLength(head)
        guard connection.received.count >= length else { return nil }
        let body = Array(connection.received.prefix(length))
        connection.received.removeFirst(length)
        connection.head = nil
        return LoopbackRecord.Request(head: head, body: body, connection: connection.number)
    }

    /// Bytes up to and with the empty line; `nil` before it has come.
    private func headLength(_ received: [UInt8]) -> Int? {
        var matched = 0
        for (index, byte) in received.enumerated() {
            matched = byte == (matched % 2 == 0 ? 13 : 10) ? matched + 1 : (byte == 13 ? 1 : 0)
            if matched == 4 { return index + 1 }
        }
        return nil
    }

    private static func contentLength(_ head: String) -> Int {
        for line in head.utf8.split(separator: 10) where line.count > 15 && line.prefix(15).elementsEqual(lengthField) {
            let digits = line.dropFirst(15).drop { $0 == 32 }.prefix { $0 != 13 }
            return Int(String(decoding: digits, as: UTF8.self)) ?? 0
        }
        return 0
    }

    private func reset(_ socket: CInt) {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        end(socket)
    }

    private func end(_ socket: CInt) {
        connections[socket] = nil
        close(socket)
    }
}

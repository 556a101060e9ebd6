internal import Determinism
internal import NIOCore
internal import NIOHTTP1

/// One connection: takes requests in and plays their replies, one after the other, on its event loop.
final class Connection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let provider: SimulatedProvider
    private let clock: ServerClock

    // All of this belongs to the event loop.
    private var head: HTTPRequestHead?
    private var body: ByteBuffer?
    private var isPlaying = false
    /// Requests that came while one was being answered.
    private var pending: [HTTPServerRequestPart] = []
    private var timer: Scheduled<Void>?

    init(provider: SimulatedProvider, clock: ServerClock) {
        self.provider = provider
        self.clock = clock
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if isPlaying { pending.append(part) } else { take(part, context) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head(let head):
            self.head = head
            body = nil
        case .body(var bytes):
            // What is beyond the limit needn't be kept, only noticed.
            guard (body?.readableBytes ?? 0) <= SimulatedProvider.bodyLimit else { return }
            if body == nil { body = bytes } else { body?.writeBuffer(&bytes) }
        case .end:
            guard let head else { return }
            isPlaying = true
            let reply = provider.reply(to: head, body, at: clock.now)
            body = nil
            after(reply.wait, context) { $0.start(reply, keepsAlive: head.isKeepAlive, context) }
        }
    }

    // MARK: Playing

    private func after(
        _ pause: Microseconds, _ context: ChannelHandlerContext, _ body: @escaping (Connection) -> Void
    ) {
        guard pause > .zero else { return body(self) }
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: .microseconds(pause.count)) { body(self) }
    }

    private func start(_ reply: Reply, keepsAlive: Bool, _ context: ChannelHandlerContext) {
        if reply.ending == .silence { return }
        let head = HTTPResponseHead(version: .http1_1, status: reply.status, headers: reply.headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if reply.parts.contains(where: { $0.pause > .zero }) { context.flush() }
        send(reply, from: 0, keepsAlive: keepsAlive, context)
    }

    private func send(_ reply: Reply, from index: Int, keepsAlive: Bool, _ context: ChannelHandlerContext) {
        guard index < reply.parts.count else { return finish(reply, keepsAlive: keepsAlive, context) }
        let part = reply.parts[index]
        after(part.pause, context) { connection in
            connection.send(part, times: part.times, context) { connection in
                connection.send(reply, from: index + 1, keepsAlive: keepsAlive, context)
            }
        }
    }

    /// Sends a piece so many times, each when the one before it is out, so that little of it is ever in memory.
    private func send(
        _ part: Reply.Part, times: Int, _ context: ChannelHandlerContext, then: @escaping (Connection) -> Void
    ) {
        let body = wrapOutboundOut(.body(.byteBuffer(part.bytes)))
        if times <= 1 {
            context.write(body, promise: nil)
            if part.pause > .zero { context.flush() }
            return then(self)
        }
        context.writeAndFlush(body).assumeIsolated().whenSuccess {
            self.send(part, times: times - 1, context, then: then)
        }
    }

    private func finish(_ reply: Reply, keepsAlive: Bool, _ context: ChannelHandlerContext) {
        switch reply.ending {
        case .complete:
            if let digest = reply.answers { provider.noteAnswer(to: digest, at: clock.now) }
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            if !keepsAlive { context.close(promise: nil) }
            isPlaying = false
            resume(context)
        case .cut:
            context.flush()
            context.close(promise: nil)
        case .reset:
            context.flush()
            // Closing a socket that may not linger resets the connection.
            let lingers = (context.channel as? any SocketOptionProvider)?.unsafeSetSocketOption(
                level: .socket, name: .so_linger, value: Linger())
            guard let lingers else { return context.close(promise: nil) }
            lingers.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        case .silence: break
        }
    }

    private func resume(_ context: ChannelHandlerContext) {
        while !isPlaying, !pending.isEmpty { take(pending.removeFirst(), context) }
    }
}

/// The system's `struct linger`: on, for no time.
private struct Linger {
    var isOn: Int32 = 1
    var seconds: Int32 = 0
}

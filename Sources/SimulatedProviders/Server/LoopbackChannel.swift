internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// How the server treats a connection: HTTP/1.1 and one handler on the event loop, with no task and no hop between
/// threads for a request.
struct LoopbackChannel: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let channel: any Channel
    }

    let provider: SimulatedProvider
    let clock = ServerClock()

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        // A client that goes is noticed at once, also while it is waiting for an answer that never comes.
        channel.setOption(.allowRemoteHalfClosure, value: false).flatMapThrowing {
            let pipeline = channel.pipeline.syncOperations
            // Headers are made here; what a handler sends in the wrong order isn't worth looking for.
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false, withErrorHandling: true, withOutboundHeaderValidation: false)
            try pipeline.addHandler(Connection(provider: provider, clock: clock))
            return Value(channel: channel)
        }
    }

    /// Lives as long as the connection, which ends with the server.
    func handle(value: Value, logger: Logger) async {
        await withTaskCancellationHandler {
            try? await value.channel.closeFuture.get()
        } onCancel: {
            value.channel.close(promise: nil)
        }
    }
}

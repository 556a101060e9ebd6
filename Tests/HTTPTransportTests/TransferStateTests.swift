import Testing

@testable import HTTPTransport

@Suite struct TransferStateTests {
    private let limits = TransferLimits(
        connectTimeout: .microseconds(100), firstByteTimeout: .microseconds(300), totalTimeout: .microseconds(1000),
        maxResponseBytes: 50)

    private enum Event {
        case connected(Int64)
        case head(Int, Int64)
        case body(Int, declared: Int?, Int64)
        case clock(Int64)
        case stop(TransportError.Kind)
    }

    /// A transfer submitted at 990 and started at 1000.
    private func run(_ events: [Event]) -> (TransferState, TransferState.Action) {
        var state = TransferState(submittedAt: 990, startedAt: 1000, limits: limits)
        var action = TransferState.Action.proceed
        for event in events {
            action =
                switch event {
                case .connected(let now): state.connected(at: now)
                case .head(let bytes, let now): state.receivedHead(bytes: bytes, at: now)
                case .body(let bytes, let declared, let now):
                    state.receivedBody(bytes: bytes, declared: declared, at: now)
                case .clock(let now): state.clockReached(now)
                case .stop(let kind): state.stop(kind)
                }
        }
        return (state, action)
    }

    @Test func `each event leads to its action, reason and next deadline`() {
        let table: [(events: [Event], stops: TransportError.Kind?, deadline: Int64)] = [
            ([], nil, 1100),
            ([.clock(1099)], nil, 1100),
            ([.clock(1100)], .connectTimeout, 1100),
            ([.connected(1050)], nil, 1300),
            ([.connected(1050), .clock(1100)], nil, 1300),
            ([.connected(1050), .clock(1300)], .firstByteTimeout, 1300),
            ([.connected(1050), .connected(1060)], .reset, 1300),
            ([.connected(1050), .head(20, 1200)], nil, 2000),
            ([.connected(1050), .head(20, 1200), .clock(1999)], nil, 2000),
            ([.connected(1050), .head(20, 1200), .clock(2000)], .totalTimeout, 2000),
            ([.connected(1050), .head(TransferState.maxHeadBytes, 1200)], nil, 2000),
            ([.connected(1050), .head(TransferState.maxHeadBytes, 1200), .head(1, 1201)], .tooLarge, 2000),
            ([.connected(1050), .body(50, declared: nil, 1200)], nil, 2000),
            ([.connected(1050), .body(50, declared: nil, 1200), .body(1, declared: nil, 1201)], .tooLarge, 2000),
            ([.connected(1050), .body(1, declared: 50, 1200)], nil, 2000),
            ([.connected(1050), .body(1, declared: 51, 1200)], .tooLarge, 2000),
            ([.stop(.cancelled), .stop(.shutDown)], .cancelled, 1100),
            ([.stop(.cancelled), .clock(1100)], .cancelled, 1100),
        ]
        for row in table {
            let (state, action) = run(row.events)
            #expect(state.stopReason == row.stops, "\(row.events)")
            #expect(action == (row.stops == nil ? .proceed : .stop), "\(row.events)")
            #expect(state.nextDeadline == row.deadline, "\(row.events)")
        }
    }

    @Test func `the shortest timeout of a phase is the one that expires`() {
        func expired(connect: Int, firstByte: Int, total: Int) -> TransportError.Kind {
            TransferState(
                submittedAt: 0, startedAt: 0,
                limits: TransferLimits(
                    connectTimeout: .seconds(connect), firstByteTimeout: .seconds(firstByte),
                    totalTimeout: .seconds(total))
            ).expiredTimeout
        }
        #expect(expired(connect: 1, firstByte: 2, total: 3) == .connectTimeout)
        #expect(expired(connect: 3, firstByte: 2, total: 3) == .firstByteTimeout)
        #expect(expired(connect: 3, firstByte: 2, total: 1) == .totalTimeout)
    }

    @Test func `timings are differences of what was seen`() {
        let (state, _) = run([.connected(1050), .head(20, 1200), .body(3, declared: nil, 1210)])
        let fresh = TransferTimings(
            queuedMicroseconds: 10, connectMicroseconds: 50, firstByteMicroseconds: 200, totalMicroseconds: 310)
        #expect(state.timings(endedAt: 1300, connectionWasReused: false) == fresh)
        #expect(state.timings(endedAt: 1300, connectionWasReused: true).connectMicroseconds == nil)
        let unanswered = run([.connected(1050)]).0.timings(endedAt: 1300, connectionWasReused: false)
        #expect(unanswered.firstByteMicroseconds == 0)
    }

    @Test func `a timeout of any length has a deadline`() {
        let endless = TransferLimits(
            connectTimeout: .seconds(Int64.max), firstByteTimeout: .seconds(Int64.max),
            totalTimeout: .seconds(Int64.max))
        let state = TransferState(submittedAt: 0, startedAt: 1_000_000, limits: endless)
        #expect(state.nextDeadline == .max)
        #expect(Duration.nanoseconds(1).wholeMicroseconds == 1)
        #expect(Duration.milliseconds(1500).wholeMicroseconds == 1_500_000)
        #expect(Duration.zero.wholeMicroseconds == 0)
    }
}

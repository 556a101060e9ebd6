import Determinism

/// The leaf hashes of a commit's records.
enum Leaves: Sendable {
    /// There is one, and it is known.
    case one(Digest)
    /// They are known.
    case made([Digest])
    /// Proposer and writer make them together.
    case shared(LeafHashes)

    /// Makes the hashes of records now.
    init(of records: RecordBatch) {
        self = records.count == 1 ? .one(records.leaf(0)) : .made(records.leaves())
    }

    /// Calls `body` with each hash in order.
    func forEach(_ body: (Digest) -> Void) {
        switch self {
        case .one(let hash): body(hash)
        case .made(let hashes): for hash in hashes { body(hash) }
        case .shared(let hashes): hashes.forEach(body)
        }
    }
}

/// The leaf hashes of a commit's records, made by its proposer and, when that has written them, by the writer: each takes
/// the next part that nobody has taken.
final class LeafHashes: Sendable {
    private struct State {
        var taken = 0
        var parts: [[Digest]?]
    }

    /// Records of one part: few, so that nobody waits long for the other's last one.
    private static let partCount = 32

    private let records: RecordBatch
    private let state: Monitor<State>

    init(of records: RecordBatch) {
        self.records = records
        let count = (records.count + LeafHashes.partCount - 1) / LeafHashes.partCount
        state = Monitor(State(parts: Array(repeating: nil, count: count)))
    }

    /// Makes hashes until every part is taken.
    func make() {
        var last: (part: Int, hashes: [Digest])?
        while true {
            let next = state.withLock { state -> Int? in
                if let last { state.parts[last.part] = last.hashes }
                guard state.taken < state.parts.count else { return nil }
                state.taken += 1
                return state.taken - 1
            }
            if last != nil { state.signal() }
            guard let next else { return }
            let start = next * LeafHashes.partCount
            last = (next, records.leaves(of: start..<min(start + LeafHashes.partCount, records.count)))
        }
    }

    /// Calls `body` with each hash in order; makes those that nobody has begun, and sleeps until the others are there.
    func forEach(_ body: (Digest) -> Void) {
        make()
        for part in 0..<(records.count + LeafHashes.partCount - 1) / LeafHashes.partCount {
            for hash in state.wait(for: { $0.parts[part] }) { body(hash) }
        }
    }
}

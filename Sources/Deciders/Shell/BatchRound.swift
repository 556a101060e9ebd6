import EventLog

/// The commands of a batch that are still to be decided, round by round: each round has at most one of each stream.
///
/// Its methods are inlined into loops, so that generic code asks for the types of a decider once and not for each command.
struct BatchRound<D: Decider> {
    typealias Outcome = Result<Handled<D>, CommandError<D.Refusal>>

    /// A command that has been decided upon.
    struct Entry {
        let index: Int
        let stream: StreamName
        let loaded: Loaded<D>
        let proposal: Proposal<D>
    }

    let batch: [BatchCommand<D>]
    /// Nil until a command's outcome is known.
    private(set) var results: [Outcome?]
    /// What this round appends, in the order of the commands.
    private(set) var proposals: [Entry] = []
    /// The commands to decide in the next round, in order.
    private var due: [Int]
    /// The streams of this round.
    private var claimed: Set<StreamName> = []
    /// Streams as commands of the batch have left them; nil for those that must be read.
    private var known: [StreamName: Loaded<D>?] = [:]
    /// How often each command lost against somebody else's.
    private var losses: [Int: Int] = [:]

    init(_ batch: [BatchCommand<D>]) {
        self.batch = batch
        results = Array(repeating: nil, count: batch.count)
        due = Array(batch.indices)
        claimed.reserveCapacity(batch.count)
        proposals.reserveCapacity(batch.count)
    }

    var isOver: Bool { due.isEmpty }

    /// The commands that this round may decide, in order.
    @inline(__always)
    mutating func takeDue() -> [Int] {
        defer { due = [] }
        return due
    }

    /// Whether a command is the first of the round for its stream; one that isn't waits for the next round.
    @inline(__always)
    mutating func claim(_ stream: StreamName, for index: Int) -> Bool {
        if claimed.insert(stream).inserted { return true }
        due.append(index)
        if known[stream] == nil { known[stream] = .some(nil) }
        return false
    }

    /// The state that a command starts from; nil if the stream must be read.
    @inline(__always)
    func held(by index: Int, _ stream: StreamName) -> Loaded<D>? {
        if known.isEmpty { return batch[index].loaded }
        return known[stream] ?? batch[index].loaded
    }

    @inline(__always)
    mutating func settle(_ index: Int, _ outcome: Outcome) { results[index] = outcome }

    @inline(__always)
    mutating func propose(_ entry: Entry) { proposals.append(entry) }

    /// Takes the log's answers to the proposals, and begins the next round.
    @inline(__always)
    mutating func finish(with answers: [Result<Appended, LogError>], mostAttempts: Int) {
        for place in answers.indices { finish(proposals[place], answers[place], mostAttempts) }
        due.sort()
        proposals = []
        claimed = []
    }

    @inline(__always)
    private mutating func finish(_ entry: Entry, _ answer: Result<Appended, LogError>, _ mostAttempts: Int) {
        switch answer {
        case .success(let appended):
            let handled = Handled(entry.loaded, entry.proposal.events, appended, time: entry.proposal.time)
            settle(entry.index, .success(handled))
            if !known.isEmpty, known[entry.stream] != nil { known[entry.stream] = .some(handled.loaded) }
        case .failure(let error):
            guard case .conflict = error.code else { return settle(entry.index, .failure(.log(error))) }
            let count = losses[entry.index, default: 0] + 1
            losses[entry.index] = count
            if count == mostAttempts {
                settle(entry.index, .failure(.contended(entry.stream, attempts: count)))
            } else {
                known[entry.stream] = .some(nil)
                due.append(entry.index)
            }
        }
    }
}

import Audit
import Calls
import Deciders
import Determinism
import EventLog
import Experiments
import Jobs
import Replay
import Scoring

/// What the events of a bundle say of themselves, gathered while they go by: the same for who makes it and who checks it.
struct BundleFacts {
    let run: RunID
    private(set) var events = 0
    private(set) var leaves: [(position: Position, hash: Digest)] = []
    private(set) var blobs: Set<Digest> = []
    private(set) var erased: Set<Digest> = []
    private(set) var submitted: (position: Position, event: RunSubmitted)?
    private(set) var firstCall: Position?
    private(set) var forks: [BundleIndex.Fork] = []
    /// Whether an event is there without one that stands before it in its stream.
    private(set) var hasGaps = false
    /// Of calls that the run didn't make itself: by the run that made them, in the order in which they were first reused.
    private(set) var reused: [ReusedAnswers] = []
    private var ownCalls: Set<Position> = []
    /// Which run made the others.
    private var callers: [Position: String] = [:]
    private var revisions: [StreamName: Revision] = [:]
    private var functions: [FunctionReference: Int] = [:]

    init(of run: RunID) { self.run = run }

    mutating func take(_ event: Event) throws {
        events += 1
        leaves.append((event.position, Digest.leaf(event.record)))
        if revisions[event.stream] ?? .first != event.revision { hasGaps = true }
        revisions[event.stream] = event.revision.next
        blobs.formUnion(try Catalogues.events.blobs(namedBy: event))
        erased.formUnion(try Catalogues.erased(by: event))
        let metadata = try event.metadata()
        if let function = metadata.cause?.function { functions[function, default: 0] += 1 }
        if submitted == nil, event.hasType(RunSubmitted.type), event.stream.id == run.rawValue {
            submitted = (event.position, try event.decode(RunSubmitted.self))
        }
        if event.hasType(ForkCreated.type) { forks.append(BundleIndex.Fork(try event.decode(ForkCreated.self))) }
        let isOwn = metadata.run == run.rawValue
        if event.hasType(CallStarted.type) {
            if isOwn { ownCalls.insert(event.position) } else { callers[event.position] = metadata.run }
            if isOwn, firstCall == nil { firstCall = event.position }
        }
        if isOwn, event.hasType(CallReused.type) { take(try event.decode(CallReused.self), metadata) }
    }

    /// A reused answer cites where its call was started, and where it was answered.
    private mutating func take(_ answer: CallReused, _ metadata: EventMetadata) {
        let asked = metadata.cause?.positions.min() ?? answer.position
        guard !ownCalls.contains(asked) else { return }
        let caller = callers[asked]
        let place = reused.firstIndex { $0.run == caller } ?? reused.endIndex
        if place == reused.endIndex { reused.append(ReusedAnswers(of: caller, at: asked)) }
        reused[place].take(asked, submitted: submitted?.position)
    }

    /// What bundles without a signed manifest say of the same events.
    var format: BundleIndex.Format { BundleIndex.Format(hasGaps: hasGaps, isFork: !forks.isEmpty) }

    var code: [BundleIndex.Code] {
        functions.map { BundleIndex.Code(events: $0.value, function: $0.key) }
            .sorted { ($0.function.name, $0.function.version) < ($1.function.name, $1.function.version) }
    }

    /// `definition` is nil when its blob is gone.
    func commitments(_ definition: ExperimentDefinition?) -> BundleIndex.Commitments? {
        guard let submitted else { return nil }
        return BundleIndex.Commitments(
            dataset: definition?.dataset?.digest, definition: submitted.event.definition, firstCall: firstCall,
            rubrics: Dictionary((definition?.judges ?? []).map { ($0.id, $0.rubric.digest) }) { first, _ in first },
            submitted: submitted.position)
    }
}

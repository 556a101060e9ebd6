import EventLog
import LMDB

/// Folds a range of the log into several read models, some of them at once.
///
/// Read models are independent of each other, so each thread takes some of them through the whole range, with a pass over
/// the log of its own that steps over what none of them reads. Those which read the same events stay together: an event is
/// decoded once for all that share a thread.
struct FoldPass {
    /// A range shorter than this isn't worth a thread.
    static let shortest: UInt64 = 8_192

    let log: any Log
    let store: ViewStore
    let range: Range<Position>

    /// Divides followers among at most `parts` threads: neighbours in the order of what they read stay together, and each
    /// part has about as much to read.
    static func parts(of projectors: [any Projector.Type], among parts: Int) -> [[Int]] {
        let order = projectors.indices.sorted { left, right in
            (subject(of: projectors[left]), projectors[left].name) < (
                subject(of: projectors[right]), projectors[right].name
            )
        }
        let loads = order.map { min(projectors[$0].types.count, 8) }
        let total = loads.reduce(0, +)
        var divided: [[Int]] = []
        var before = 0
        for (number, load) in zip(order, loads) {
            // The part in which the middle of this one's load falls.
            let part = total == 0 ? 0 : min((2 * before + load) * parts / (2 * total), parts - 1)
            while divided.count <= part { divided.append([]) }
            divided[part].append(number)
            before += load
        }
        return divided.filter { !$0.isEmpty }
    }

    /// What the first of the types is about, as in `job` of `job.submitted`.
    private static func subject(of projector: any Projector.Type) -> String {
        String((projector.types.first?.text ?? "").prefix { $0 != "." })
    }

    /// Folds; why those failed that did, by their places.
    func run(_ followers: [Follower]) throws -> [Int: ViewError] {
        let folds = followers.map { $0.currentFold() }
        do {
            return try fold(followers, folds)
        } catch {
            for fold in folds { fold.forget() }
            throw error is LMDBError ? ViewError.store(error, while: "reading rows") : ViewError.log(error)
        }
    }

    private func fold(_ followers: [Follower], _ folds: [any AnyFold]) throws -> [Int: ViewError] {
        var errors: [Int: ViewError] = [:]
        var isStopped = folds.map { _ in false }
        var index = TypeIndex(followers.enumerated().map { ($0.offset, $0.element.projector.types) })
        let filter = EventFilter(types: index.types)
        try store.environment.read { transaction in
            for follower in followers { follower.source.begin(transaction) }
            defer { for follower in followers { follower.source.end() } }
            var shared: SharedEvent?
            try log.scan(from: range.lowerBound, to: range.upperBound, matching: filter) { event in
                let lent = shared ?? SharedEvent(event)
                lent.advance(to: event)
                shared = lent
                for number in index.readers(of: event) where !isStopped[number] {
                    do throws(ViewError) {
                        try folds[number].apply(lent)
                    } catch {
                        errors[number] = error
                        isStopped[number] = true
                        folds[number].forget()
                    }
                }
            }
        }
        return errors
    }
}

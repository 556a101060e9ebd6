package import CanonicalJSON
import Determinism

/// Reads jobs as files hold them: an object each.
///
///     {"kind": "analyse", "name": "b", "queue": "analysis", "input": {"file": "a.csv"}, "after": ["a"], "priority": 5}
package struct JobReading: Sendable {
    /// As much as could be read; the rest is as it is by itself.
    package let request: JobRequest
    /// What couldn't be read; whether what was read can be, `SubmissionPlan` says.
    package let problems: [SubmissionProblem]
    /// False where the job may have a name that couldn't be read.
    package let isNameKnown: Bool

    /// In place of a kind that couldn't be read.
    private static let unread = "unread"

    /// Reads one job; `index` is its place among those of its file, from 0.
    ///
    /// `retry` is the policy of a kind, as far as the job doesn't say.
    package init(
        _ value: JSONValue, at index: Int, retry policy: (_ kind: String) -> RetryPolicy = { _ in .standard }
    ) {
        guard let object = value.object else {
            request = JobRequest(kind: Self.unread)
            problems = [
                SubmissionProblem(
                    index, field: "the job", "it is no object", remedy: "write {\"kind\": …} on each line")
            ]
            isNameKnown = false
            return
        }
        var fields = JobFields(value, at: index)
        fields.noteStrangers(object.map(\.key))
        let kind = fields.read { (fields) throws(SubmissionProblem) in try fields.kind() }
        var request = JobRequest(kind: kind ?? Self.unread)
        request.name = fields.read { (fields) throws(SubmissionProblem) in try fields.text("name") }
        request.input = fields["input"] ?? request.input
        fields.read(&request.queue) { (fields) throws(SubmissionProblem) in try fields.text("queue") }
        fields.read(&request.join) { (fields) throws(SubmissionProblem) in
            try fields.word("join", of: QueueTerms.Join.self)
        }
        let before = fields.problems.count
        for parent in fields.read({ (fields) throws(SubmissionProblem) in try fields.list("after") }) ?? [] {
            let parent = fields.read { (fields) throws(SubmissionProblem) in try fields.parent(parent) }
            if let parent { request.after.append(parent) }
        }
        // How a job joins parents that couldn't be read can't be judged.
        if fields.problems.count > before { request.join = .allSuccess }
        fields.read(&request.priority) { (fields) throws(SubmissionProblem) in try fields.integer("priority") }
        request.notBefore = fields.read { (fields) throws(SubmissionProblem) in try fields.time("notBefore") }
        request.deadline = fields.read { (fields) throws(SubmissionProblem) in try fields.time("deadline") }
        request.timeout = fields.read { (fields) throws(SubmissionProblem) in try fields.length("timeout") }
        fields.read(&request.tags) { (fields) throws(SubmissionProblem) in try fields.texts("tags") }
        request.retry = fields.retry(kind.map(policy) ?? .standard)
        let unique = fields.read { (fields) throws(SubmissionProblem) in try fields.unique() }
        // Nobody else has a key whose scope couldn't be read.
        if !fields.hasProblem(with: ["kind", "queue"]) { request.unique = unique }
        self.request = request
        problems = fields.problems
        isNameKnown = !fields.hasProblem(with: ["name"])
    }

    /// A job of which nothing could be read.
    package init(unread problem: SubmissionProblem) {
        request = JobRequest(kind: Self.unread)
        problems = [problem]
        isNameKnown = false
    }
}

/// The members of one job, with problems that name them.
private struct JobFields {
    private static let known: Set<String> = [
        "after", "attempts", "backoff", "deadline", "input", "join", "kind", "longestBackoff", "name", "notBefore",
        "priority", "queue", "tags", "timeout", "unique",
    ]

    private(set) var problems: [SubmissionProblem] = []
    private let value: JSONValue
    private let index: Int

    init(_ value: JSONValue, at index: Int) {
        self.value = value
        self.index = index
    }

    /// Reads something of it; nil if it isn't there, and with a note if it can't be read.
    mutating func read<Value>(_ body: (JobFields) throws(SubmissionProblem) -> Value?) -> Value? {
        do throws(SubmissionProblem) {
            return try body(self)
        } catch {
            problems.append(error)
            return nil
        }
    }

    /// Reads something in the place of what holds by itself.
    mutating func read<Value>(
        _ value: inout Value, _ body: (JobFields) throws(SubmissionProblem) -> Value?
    ) {
        if let found = read(body) { value = found }
    }

    mutating func noteStrangers(_ fields: [String]) {
        for field in fields where !Self.known.contains(field) {
            problems.append(
                problem(field, "there is no such field", "use " + Self.known.sorted().joined(separator: ", ")))
        }
    }

    func hasProblem(with fields: Set<String>) -> Bool { problems.contains { fields.contains($0.field) } }

    func kind() throws(SubmissionProblem) -> String {
        guard let kind = try text("kind") else {
            throw problem("kind", "it is missing", "say what kind of work it is, as in \"noop\"")
        }
        return kind
    }

    subscript(field: String) -> JSONValue? { value[field] }

    func problem(_ field: String, _ message: String, _ remedy: String) -> SubmissionProblem {
        SubmissionProblem(index, name: value["name"]?.string, field: field, message, remedy: remedy)
    }

    func text(_ field: String) throws(SubmissionProblem) -> String? {
        guard let found = value[field] else { return nil }
        guard let text = found.string else { throw problem(field, "it is no text", "write it in quotes") }
        if text.isEmpty { throw problem(field, "it is empty", "write something in it, or leave the field out") }
        return text
    }

    func integer(_ field: String) throws(SubmissionProblem) -> Int? {
        guard let found = value[field] else { return nil }
        guard let number = found.int else { throw problem(field, "it is no whole number", "write it without quotes") }
        return number
    }

    func list(_ field: String) throws(SubmissionProblem) -> [JSONValue] {
        guard let found = value[field] else { return [] }
        guard let list = found.array else { throw problem(field, "it is no list", "write it in brackets") }
        return list
    }

    func word<Word: RawRepresentable & CaseIterable>(
        _ field: String, of: Word.Type
    ) throws(SubmissionProblem) -> Word? where Word.RawValue == String {
        guard let text = try text(field) else { return nil }
        guard let word = Word(rawValue: text) else {
            throw problem(
                field, "«\(text)» isn't known", "use " + Word.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return word
    }

    func time(_ field: String) throws(SubmissionProblem) -> Timestamp? {
        guard let text = try text(field) else { return nil }
        guard let time = Timestamp(text: text) else {
            throw problem(field, "«\(text)» is no time", "write it like 2026-11-21T09:00:00Z")
        }
        return time
    }

    /// A length of time greater than 0: as in `250ms`, or a number of seconds.
    func length(_ field: String) throws(SubmissionProblem) -> Microseconds? {
        guard let found = value[field] else { return nil }
        guard let length = Self.length(found) else {
            throw problem(
                field, "it is no length of time", "write it as in \"250ms\", \"90s\" or \"2h\"; a number counts seconds"
            )
        }
        return length
    }

    private static func length(_ value: JSONValue) -> Microseconds? {
        if let text = value.string {
            guard let length = WrittenQuantity.read(text, in: WrittenQuantity.lengths), length > 0 else { return nil }
            return Microseconds(Int64(length))
        }
        guard let seconds = value.double, seconds > 0, seconds <= 1e9 else { return nil }
        return Microseconds(Int64((seconds * 1e6).rounded()))
    }

    func texts(_ field: String) throws(SubmissionProblem) -> [String: String] {
        guard let found = value[field] else { return [:] }
        guard let object = found.object else {
            throw problem(field, "it is no object of texts", "write {\"tag\": \"value\"}")
        }
        var texts: [String: String] = [:]
        for member in object {
            guard let text = member.value.string else {
                throw problem("\(field).\(member.key)", "it is no text", "write it in quotes")
            }
            texts[member.key] = text
        }
        return texts
    }

    mutating func retry(_ policy: RetryPolicy) -> RetryPolicy {
        let attempts = read { (fields) throws(SubmissionProblem) in try fields.attempts() } ?? policy.attempts
        let pauses =
            read { (fields) throws(SubmissionProblem) in try fields.pauses(policy) } ?? (policy.base, policy.cap)
        return RetryPolicy(attempts: attempts, base: pauses.0, cap: pauses.1)
    }

    private func attempts() throws(SubmissionProblem) -> Int? {
        guard let attempts = try integer("attempts") else { return nil }
        guard (1...1_000).contains(attempts) else {
            throw problem("attempts", "\(attempts) is out of range", "use 1 to 1000, the first attempt included")
        }
        return attempts
    }

    private func pauses(_ policy: RetryPolicy) throws(SubmissionProblem) -> (Microseconds, Microseconds) {
        let (base, cap) = (try length("backoff"), try length("longestBackoff"))
        if let base, base > cap ?? policy.cap {
            throw problem(
                "backoff", "it is longer than longestBackoff, \((cap ?? policy.cap).seconds) s",
                "make it shorter, or longestBackoff longer")
        }
        return (base ?? min(policy.base, cap ?? policy.cap), cap ?? policy.cap)
    }

    /// A key, or an object with a key and what is otherwise than usual.
    func unique() throws(SubmissionProblem) -> QueueTerms.Unique? {
        guard let found = value["unique"] else { return nil }
        if let key = found.string { return QueueTerms.Unique(key) }
        guard let object = found.object, let key = object["key"]?.string else {
            throw problem("unique", "it has no key", "write a text, or {\"key\": …, \"onConflict\": …}")
        }
        let known = ["hold", "key", "onConflict", "scope"]
        for member in object where !known.contains(member.key) {
            throw problem(
                "unique.\(member.key)", "there is no such field", "use " + known.joined(separator: ", "))
        }
        return QueueTerms.Unique(
            key, scope: try uniqueWord("scope", object["scope"]) ?? .queue, hold: try hold(object["hold"]),
            onConflict: try uniqueWord("onConflict", object["onConflict"]) ?? .reject)
    }

    private func hold(_ value: JSONValue?) throws(SubmissionProblem) -> QueueTerms.Unique.Hold {
        guard let value else { return .untilFinished }
        if let length = Self.length(value) { return .lasting(length) }
        guard let hold = value.string.flatMap(QueueTerms.Unique.Hold.init(word:)) else {
            throw problem(
                "unique.hold", "it isn't known",
                "use whileWaiting, untilStarted, untilFinished, or a length of time as in \"90s\""
            )
        }
        return hold
    }

    private func uniqueWord<Word: RawRepresentable & CaseIterable>(
        _ field: String, _ value: JSONValue?
    ) throws(SubmissionProblem) -> Word? where Word.RawValue == String {
        guard let value else { return nil }
        guard let word = value.string.flatMap(Word.init(rawValue:)) else {
            throw problem(
                "unique.\(field)", "it isn't known",
                "use " + Word.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return word
    }

    /// A name, or an object with a name or an id, and what the parent's failure does.
    func parent(_ value: JSONValue) throws(SubmissionProblem) -> JobRequest.Parent {
        if let name = value.string { return JobRequest.Parent(.name(name)) }
        var onFailure = ParentRange.OnFailure.fail
        if let word = value["onFailure"] {
            guard let known = word.string.flatMap(ParentRange.OnFailure.init) else {
                throw problem("after.onFailure", "it isn't known", "use fail, continue or skip")
            }
            onFailure = known
        }
        if let name = value["name"]?.string { return JobRequest.Parent(.name(name), onFailure: onFailure) }
        guard let id = value["id"]?.string.flatMap({ JobID(rawValue: $0) }) else {
            throw problem(
                "after", "it names no job", "write the name of a job, or {\"id\": …, \"onFailure\": …}")
        }
        return JobRequest.Parent(.id(id), onFailure: onFailure)
    }
}

/// Who waits for whom in a submission.
struct DependencyGraph {
    enum Place: Equatable {
        /// A job of this submission, by its place in what was asked for.
        case here(Int)
        /// A job that was submitted before.
        case before(JobID)
    }

    /// In which parents come before children, and otherwise jobs stay as they were asked for; whole without problems.
    private(set) var order: [Int] = []
    /// Names that two jobs have, unknown names, and cycles: so many as are told at once.
    private(set) var problems: [SubmissionProblem] = []
    /// The first job with each name.
    private var named: [String: Int] = [:]
    /// Names that two jobs have, so that nobody knows who waits for whom.
    private var ambiguous: Set<String> = []

    /// Linear in jobs and edges.
    ///
    /// Without `knowsAllNames`, since some jobs couldn't be read, a name that nobody seems to have is no problem.
    init(_ requests: [JobRequest], knowsAllNames: Bool = true) {
        for (index, request) in requests.enumerated() {
            if let name = request.name { add(name, of: index) }
        }
        for (index, request) in requests.enumerated() { check(request, at: index, knowsAllNames) }
        sort(requests)
    }

    /// The jobs that a job waits for; those whose names nobody has, or several, are left out.
    func parents(of index: Int, in request: JobRequest) -> [(place: Place, onFailure: ParentRange.OnFailure)] {
        request.after.compactMap { parent in
            switch parent.reference {
            case .id(let id): (.before(id), parent.onFailure)
            case .name(let name): place(of: name).map { (.here($0), parent.onFailure) }
            }
        }
    }

    private func place(of name: String) -> Int? {
        guard let place = named[name] else { return nil }
        return ambiguous.isEmpty || !ambiguous.contains(name) ? place : nil
    }

    private mutating func add(_ name: String, of index: Int) {
        guard let first = named[name] else {
            named[name] = index
            return
        }
        ambiguous.insert(name)
        note(
            SubmissionProblem(
                index, name: name, field: "name", "job \(first + 1) has the same name",
                remedy: "a name stands for one job of a submission"))
    }

    private mutating func check(_ request: JobRequest, at index: Int, _ knowsAllNames: Bool) {
        if let twice = Self.repeated(request.after) {
            note(
                SubmissionProblem(
                    index, name: request.name, field: "after", "it names “\(twice)” twice", remedy: "name it once"))
        }
        guard knowsAllNames else { return }
        for parent in request.after {
            guard case .name(let name) = parent.reference, named[name] == nil else { continue }
            note(
                SubmissionProblem(
                    index, name: request.name, field: "after", "no job of this submission is named “\(name)”",
                    remedy: "name one of it, or give the id of a job that was submitted before"))
        }
    }

    private mutating func note(_ problem: SubmissionProblem) {
        if !isFull { problems.append(problem) }
    }

    private var isFull: Bool { problems.count >= SubmissionProblems.most }

    /// Finds the order; each cycle in its way is a problem, after which its jobs count as if nobody waited in it.
    private mutating func sort(_ requests: [JobRequest]) {
        var left = [Int](repeating: 0, count: requests.count)
        var children: [Int: [Int]] = [:]
        for (index, request) in requests.enumerated() {
            for parent in request.after {
                guard case .name(let name) = parent.reference, let place = place(of: name) else { continue }
                left[index] += 1
                children[place, default: []].append(index)
            }
        }
        if children.isEmpty {
            order = Array(requests.indices)
            return
        }
        order = requests.indices.filter { left[$0] == 0 }
        order.reserveCapacity(requests.count)
        var next = 0
        while true {
            while next < order.count {
                for child in children[order[next]] ?? [] {
                    left[child] -= 1
                    if left[child] == 0 { order.append(child) }
                }
                next += 1
            }
            guard order.count < requests.count, !isFull else { return }
            for job in noteCycle(requests, left) {
                left[job] = 0
                order.append(job)
            }
        }
    }

    /// A parent that a list names more than once, by the same name or id.
    private static func repeated(_ parents: [JobRequest.Parent]) -> String? {
        if parents.count < 2 { return nil }
        var seen: Set<String> = []
        for parent in parents {
            let text =
                switch parent.reference {
                case .id(let id): "id " + id.rawValue
                case .name(let name): "name " + name
                }
            if !seen.insert(text).inserted { return String(text.drop { $0 != " " }.dropFirst()) }
        }
        return nil
    }

    /// Every job that is left waits for another one that is, so going from one to the next ends in a cycle: its jobs.
    private mutating func noteCycle(_ requests: [JobRequest], _ left: [Int]) -> ArraySlice<Int> {
        var path: [Int] = []
        var seen: [Int: Int] = [:]
        var current = left.firstIndex { $0 > 0 } ?? 0
        while seen[current] == nil {
            seen[current] = path.count
            path.append(current)
            let parents = parents(of: current, in: requests[current])
            let next = parents.lazy.compactMap { parent -> Int? in
                guard case .here(let place) = parent.place, left[place] > 0 else { return nil }
                return place
            }.first
            guard let next else { break }
            current = next
        }
        let loop = path[(seen[current] ?? 0)...]
        let names = (loop + [current]).map { requests[$0].name ?? "job \($0 + 1)" }
        note(
            SubmissionProblem(
                current, name: requests[current].name, field: "after",
                "these wait for each other: " + names.joined(separator: " → "),
                remedy: "leave out one of these dependencies"))
        return loop
    }
}

/// Who waits for whom in a submission.
struct DependencyGraph {
    enum Place: Equatable {
        /// A job of this submission, by its place in what was asked for.
        case here(Int)
        /// A job that was submitted before.
        case before(JobID)
    }

    private var named: [String: Int] = [:]

    /// Throws for a name that two jobs have.
    init(_ requests: [JobRequest]) throws(SubmissionProblem) {
        for (index, request) in requests.enumerated() {
            guard let name = request.name else { continue }
            if let first = named.updateValue(index, forKey: name) {
                throw SubmissionProblem(
                    index, name: name, field: "name", "job \(first + 1) has the same name",
                    remedy: "a name stands for one job of a submission")
            }
        }
    }

    /// The jobs that a job waits for; those whose names nobody has are left out.
    func parents(of index: Int, in request: JobRequest) -> [(place: Place, onFailure: ParentRange.OnFailure)] {
        request.after.compactMap { parent in
            switch parent.reference {
            case .id(let id): (.before(id), parent.onFailure)
            case .name(let name): named[name].map { (.here($0), parent.onFailure) }
            }
        }
    }

    /// An order in which parents come before children, and otherwise jobs stay as they were asked for.
    ///
    /// Linear in jobs and edges. Throws for unknown names and for cycles.
    func order(_ requests: [JobRequest]) throws(SubmissionProblem) -> [Int] {
        var left = [Int](repeating: 0, count: requests.count)
        var children: [Int: [Int]] = [:]
        for (index, request) in requests.enumerated() {
            if let twice = Self.repeated(request.after) {
                throw SubmissionProblem(
                    index, name: request.name, field: "after", "it names “\(twice)” twice", remedy: "name it once")
            }
            for parent in request.after {
                guard case .name(let name) = parent.reference else { continue }
                guard let place = named[name] else {
                    throw SubmissionProblem(
                        index, name: request.name, field: "after", "no job of this submission is named “\(name)”",
                        remedy: "name one of it, or give the id of a job that was submitted before")
                }
                left[index] += 1
                children[place, default: []].append(index)
            }
        }
        if children.isEmpty { return Array(requests.indices) }
        var order = requests.indices.filter { left[$0] == 0 }
        order.reserveCapacity(requests.count)
        var next = 0
        while next < order.count {
            for child in children[order[next]] ?? [] {
                left[child] -= 1
                if left[child] == 0 { order.append(child) }
            }
            next += 1
        }
        if order.count < requests.count { throw cycle(requests, left) }
        return order
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

    /// Every job that is left waits for another one that is, so going from one to the next ends in a cycle.
    private func cycle(_ requests: [JobRequest], _ left: [Int]) -> SubmissionProblem {
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
        let loop = path[(seen[current] ?? 0)...] + [current]
        let names = loop.map { requests[$0].name ?? "job \($0 + 1)" }
        return SubmissionProblem(
            current, name: requests[current].name, field: "after",
            "these wait for each other: " + names.joined(separator: " → "),
            remedy: "leave out one of these dependencies")
    }
}

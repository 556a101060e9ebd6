import CanonicalJSON

/// What a program reads on its standard input: one JSON object, then the end.
enum ProgramRequest {
    /// The members `attempt`, `id`, `input`, `kind`, `labels`, `parents` and `run`, in canonical JSON.
    static func bytes(_ task: QueueTask, parents: [ParentResult]) -> [UInt8] {
        var writer = CanonicalWriter()
        writer.beginObject()
        writer.field("attempt", task.attempt)
        writer.field("id", task.id)
        writer.field("input", task.input)
        writer.field("kind", task.kind)
        writer.field("labels") { $0.write(object(task.labels.map { ($0.key, .string($0.value)) })) }
        writer.field("parents") { $0.write(self.parents(parents)) }
        writer.field("run", task.run)
        writer.endObject()
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    /// Their results by name, and by id where a name is missing or not the only one; null for a parent without a result.
    static func parents(_ parents: [ParentResult]) -> JSONValue {
        var uses: [String: Int] = [:]
        for parent in parents { uses[parent.name ?? parent.id.rawValue, default: 0] += 1 }
        var seen: Set<JobID> = []
        return object(
            parents.filter { seen.insert($0.id).inserted }.map { parent in
                let name = parent.name.flatMap { uses[$0] == 1 ? $0 : nil } ?? parent.id.rawValue
                return (name, parent.result ?? .null)
            })
    }

    private static func object(_ members: [JSONObject.Member]) -> JSONValue {
        guard let object = JSONObject(members) else { preconditionFailure("a name stands once in a dictionary") }
        return .object(object)
    }
}

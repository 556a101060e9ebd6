import Audit
package import CanonicalJSON
import Determinism
package import EventLog
import Experiments
package import Jobs
import Scoring

/// Writes a run as records of Every Eval Ever 0.3.0: for each model an aggregate record and a file of its instances.
package struct EEEExport {
    /// Samples that are read at once.
    private static let batch = 256

    /// One record that was written.
    package struct Record: Equatable, Sendable {
        /// The aggregate record's path below the directory.
        package let file: String
        package let instances: String
        package let model: String
        /// Of the instance file.
        package let rows: Int
    }

    private let samples: RunSamples
    private let head: TreeHead

    /// `head` is the log's head as of the queries.
    package init(_ queries: Queries, run: RunID, head: TreeHead) throws {
        samples = try RunSamples(queries, run: run)
        self.head = head
    }

    /// Writes the files below a directory, in the folders that the datastore has: `data/<evaluation>/<developer>/<model>/`.
    ///
    /// `recording` comes when all are written and before any has its name.
    package func write(
        into directory: String, recording: () async throws -> Void = {}
    ) async throws -> [Record] {
        let records = try samples.definition.models.indices.map { try write($0, into: directory) }
        try await recording()
        for output in records.flatMap(\.outputs) { try output.finish() }
        return records.map(\.record)
    }

    private func write(_ place: Int, into directory: String) throws -> (record: Record, outputs: [OutputFile]) {
        let model = samples.definition.models[place]
        let names = EEENames(
            experiment: samples.definition.name, model: EEEModel(model: model), run: samples.run.rawValue,
            submitted: samples.row.submitted)
        let path = directory + "/" + names.instances
        try OutputDirectory.make(
            path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/"))
        let file = try OutputFile(replacing: path)
        var digest = DigestBuilder()
        var rows = 0
        var answered = 0
        var totals: [String: [Double?]] = [:]
        for first in stride(from: 0, to: samples.count, by: Self.batch) {
            for sample in try samples.samples(ofModel: place, first..<min(first + Self.batch, samples.count)) {
                for row in EEEInstances(sample: sample, names: names).rows {
                    let line = row + [UInt8(ascii: "\n")]
                    digest.update(line)
                    try file.write(line)
                    rows += 1
                }
                if sample.isAnswered { answered += 1 }
                for judging in sample.judgings { totals[judging.judge.id, default: []].append(judging.computed?.total) }
            }
        }
        let aggregate = EEEAggregate(
            samples: samples, names: names, head: head, totals: totals, answered: (answered, samples.count),
            instances: (digest.digest(), rows))
        let record = try OutputFile(replacing: directory + "/" + names.aggregate)
        try record.write(aggregate.bytes())
        let made = Record(file: names.aggregate, instances: names.instances, model: model.id, rows: rows)
        return (made, [file, record])
    }
}

extension EEEExport.Record: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("file", file)
        writer.field("instances", instances)
        writer.field("model", model)
        writer.field("rows", rows)
        writer.endObject()
    }
}

import Archive
import Audit
package import CanonicalJSON
package import EventLog
import Experiments
package import Jobs

/// Writes a run as logs of Inspect AI, one `.eval` file for each model: Inspect's log has one model.
///
/// Memory is some samples at a time and a line for each in the summaries.
package struct InspectExport: Sendable {
    /// Samples that are read, written and packed at once.
    private static let batch = 64
    /// Packing costs more than all else; a log is looked at more often than it is sent.
    private static let level = 1
    private static let tasks = 4

    /// One file that was written.
    package struct File: Equatable, Sendable {
        package let name: String
        package let model: String
        package let samples: Int
        package let bytes: Int
    }

    private let samples: RunSamples
    private let head: TreeHead

    /// `head` is the log's head as of the queries.
    package init(_ queries: Queries, run: RunID, head: TreeHead) throws {
        samples = try RunSamples(queries, run: run)
        self.head = head
    }

    /// Writes the files into a directory, which is made if need be; files of the same name are replaced.
    ///
    /// `recording` comes when all are written and before any has its name.
    package func write(
        into directory: String, recording: () async throws -> Void = {}
    ) async throws -> [File] {
        try OutputDirectory.make(directory)
        var files: [(file: File, output: OutputFile)] = []
        for model in samples.definition.models.indices { files.append(try await write(model, into: directory)) }
        try await recording()
        for file in files { try file.output.finish() }
        return files.map(\.file)
    }

    private func write(_ model: Int, into directory: String) async throws -> (file: File, output: OutputFile) {
        let definition = samples.definition.models[model]
        func header(_ totals: InspectTotals) -> InspectHeader {
            InspectHeader(samples: samples, model: definition, head: head, totals: totals)
        }
        let name = header(InspectTotals()).fileName
        let file = try OutputFile(replacing: directory + "/" + name)
        var writer = ZipWriter { try file.write($0) }
        var totals = InspectTotals()
        var summaries: [UInt8] = [UInt8(ascii: "[")]
        try await inBatches(of: model) { batch in
            for packed in batch {
                try writer.add(packed.entry)
                totals.take(packed.document)
                if summaries.count > 1 { summaries.append(UInt8(ascii: ",")) }
                summaries += packed.summary
            }
        }
        summaries.append(UInt8(ascii: "]"))
        try writer.add("summaries.json", summaries, level: Self.level)
        try writer.add("reductions.json", header(totals).reductions(), level: Self.level)
        try writer.add("header.json", header(totals).header(), level: Self.level)
        let count = totals.samples
        try writer.finish()
        return (File(name: name, model: definition.id, samples: count, bytes: file.length), file)
    }

    private struct Packed: Sendable {
        let document: InspectSample
        let entry: PackedEntry
        let summary: [UInt8]
    }

    /// Packs batches on several threads, and hands them on in the order of the plan.
    private func inBatches(of model: Int, _ body: ([Packed]) throws -> Void) async throws {
        try await withThrowingTaskGroup(of: (Int, [Packed]).self) { group in
            var next = 0
            var wanted = 0
            var waiting: [Int: [Packed]] = [:]
            func start() {
                guard next < samples.count else { return }
                let range = next..<min(next + Self.batch, samples.count)
                next = range.upperBound
                group.addTask { (range.lowerBound, try pack(model, range)) }
            }
            for _ in 0..<Self.tasks { start() }
            while let (first, batch) = try await group.next() {
                waiting[first] = batch
                while let batch = waiting.removeValue(forKey: wanted) {
                    try body(batch)
                    wanted += batch.count
                    start()
                }
            }
        }
    }

    private func pack(_ model: Int, _ range: Range<Int>) throws -> [Packed] {
        try samples.samples(ofModel: model, range).map { sample in
            let document = InspectSample(sample, of: samples.run)
            return Packed(
                document: document,
                entry: PackedEntry(document.fileName, document.canonicalBytes(), level: Self.level),
                summary: document.summary())
        }
    }
}

extension InspectExport.File: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("bytes", bytes)
        writer.field("file", name)
        writer.field("model", model)
        writer.field("samples", samples)
        writer.endObject()
    }
}

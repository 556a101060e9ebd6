import Calls
import CanonicalJSON
import Determinism
import EventLog
import Experiments
import Jobs
import Projections

/// The tables of a run as files, and the digests of its read models: a function of the store alone.
///
/// A reviewer's copy makes them again and compares.
struct BundleReport {
    /// By name, in order.
    let files: [(name: String, bytes: [UInt8])]
    /// The digest of each read model's rows about the run.
    let readModels: [String: Digest]

    init(_ queries: Queries, run: RunID) throws {
        let selection = Queries.Selection(run: run.rawValue)
        let runs = try queries.runs(selection)
        let rankings = try queries.rankings(selection)
        let usage = try queries.usage(selection)
        let scores = try queries.scores(selection)
        readModels = [
            "cells": Self.digest(try queries.cells(selection)),
            "jobs": Self.digest(try queries.jobs(selection).rows),
            "rankings": Self.digest(rankings),
            "runs": Self.digest(runs),
            "scores": Self.digest(scores),
            "transcripts": try Self.transcripts(queries, run),
            "usage": Self.digest(usage),
        ]
        let tables = [
            ReportTable.rankings(rankings), ReportTable.usage(usage), ReportTable.scores(scores),
        ]
        let title = runs.first?.row.experiment ?? run.rawValue
        let page = ReportPage(
            title: title, run: run, state: runs.first?.row.stage.rawValue ?? "", tables: Array(tables.prefix(2)))
        files =
            tables.map { (BundleNames.report + $0.name + ".csv", $0.csv) }
            + [
                (BundleNames.report + "report.html", Array(page.html.utf8)),
                (BundleNames.report + "report.md", Array(page.markdown.utf8)),
            ]
    }

    /// Over the rows as canonical JSON, a line each.
    private static func digest(_ rows: [some CanonicalEncodable]) -> Digest {
        var builder = DigestBuilder()
        for row in rows {
            builder.update(row.canonicalBytes())
            builder.update("\n")
        }
        return builder.digest()
    }

    /// The rows alone, since texts are in the blobs.
    private static func transcripts(_ queries: Queries, _ run: RunID) throws -> Digest {
        try queries.views.query(Transcripts.self) { tables in
            var builder = DigestBuilder()
            try tables.forEach(of: run) { key, row in
                builder.update(key.canonicalBytes())
                builder.update(row.canonicalBytes())
                builder.update("\n")
                return true
            }
            return builder.digest()
        }
    }
}

import CanonicalJSON
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct PastExportTests {
        @Test func `an export as of a moment is that of a store whose log ends there`() async throws {
            let place = try Workplace(Experiment(scenarios: 2))
            let run = try await place.cairn("run", place.experiment)
            try #require(run.status == 0, "\(run.errorText)")
            for size in try await Self.sizes(place) {
                let lines = "\(size).jsonl"
                try await Self.expectDone(
                    place, ["export", "jsonl", "--to", "\(size)", "--blobs", "inline", "-o", lines])
                for format in ["inspect", "every-eval-ever", "jsonl", "cloudevents", "otel"] {
                    let (past, cut) = ("\(format)-past-\(size)", "\(format)-cut-\(size)")
                    try await Self.expectDone(place, ["export", format, "--at", "\(size - 1)", "-o", past])
                    if ["cloudevents", "otel"].contains(format) {
                        // These name the store, and a copy is another one.
                        try await Self.expectDone(place, ["export", format, "--to", "\(size)", "-o", cut])
                    } else {
                        // A copy for each, as an export is an event of the store that it is made from.
                        let copy = "\(format)-copy-\(size)"
                        try await Self.expectDone(place, ["audit", "import", lines, "--store", copy])
                        try await Self.expectDone(place, ["export", format, "-o", cut, "--store", copy])
                    }
                    let files = try Self.files(place, past)
                    #expect(!files.isEmpty)
                    #expect(files == (try Self.files(place, cut)), "\(format) of \(size) events")
                }
            }
        }

        @Test func `an export has one end`() async throws {
            let place = try Workplace(Experiment(scenarios: 1))
            let run = try await place.cairn("run", place.experiment)
            try #require(run.status == 0, "\(run.errorText)")
            for other in [["--to", "5"], ["--until", "2100-01-01T00:00:00Z"], ["--follow"]] {
                let result = try await place.start(["export", "jsonl", "--at", "3"] + other).result
                #expect(result.status == 2 && result.errorText.contains("--at"), "\(other): \(result.errorText)")
            }
            let early = try await place.cairn("export", "inspect", "--at", "0", "-o", "logs")
            #expect(early.status == 2 && early.errorText.contains("at that moment"), "\(early.errorText)")
            let late = try await place.cairn("export", "jsonl", "--at", "100000")
            #expect(late.status == 2 && late.errorText.contains("the log has"), "\(late.errorText)")
        }

        /// Some sizes of the log at which a commit ends, once there is a run.
        private static func sizes(_ place: Workplace) async throws -> [Int] {
            let lines = try await place.cairn("export", "jsonl").output.split(separator: UInt8(ascii: "\n"))
            let events = try lines.map { try JSONParser.parse(Array($0)) }
            let submitted = try #require(events.firstIndex { $0["type"] == "run.submitted" })
            let ends = events.indices.dropFirst(submitted).filter { position in
                guard let commit = events[position]["commit"] else { return false }
                return commit["index"]?.int.map { $0 + 1 } == commit["count"]?.int
            }
            return [ends.count / 4, ends.count / 2, ends.count - 1].map { ends[$0] + 1 }
        }

        private static func expectDone(_ place: Workplace, _ words: [String]) async throws {
            let result = try await place.start(words).result
            try #require(result.status == 0, "\(words): \(result.errorText)")
        }

        /// The bytes of a file, or of each file below a directory, by name.
        private static func files(_ place: Workplace, _ name: String) throws -> [String: Data] {
            let path = place.directory.path(name)
            var isDirectory: ObjCBool = false
            try #require(FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory))
            guard isDirectory.boolValue else { return ["": try Data(contentsOf: URL(fileURLWithPath: path))] }
            let names = try FileManager.default.subpathsOfDirectory(atPath: path)
            return try names.reduce(into: [:]) { files, name in
                let file = path + "/" + name
                guard FileManager.default.fileExists(atPath: file, isDirectory: &isDirectory), !isDirectory.boolValue
                else {
                    return
                }
                files[name] = try Data(contentsOf: URL(fileURLWithPath: file))
            }
        }
    }
}

import Determinism
import Foundation
import TestSupport
import Testing

/// What killed processes, full disks and damaged files do to a store, each in processes of their own.
///
/// One after the other: every test has processes enough for the machine.
@Suite(.serialized) enum FaultTests {
    /// More kills, for nights: `CAIRN_LONG=1`.
    static let isLong = ProcessInfo.processInfo.environment["CAIRN_LONG"] == "1"

    /// A seed, printed so that `CAIRN_SEED` can bring it back.
    static func seed(of test: String) -> UInt64 {
        let seed = ProcessInfo.processInfo.environment["CAIRN_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1 << 32)
        print("\(test): CAIRN_SEED=\(seed)")
        return seed
    }

    static func probe(_ mode: String, _ directory: String, _ arguments: String...) throws -> ChildProcess {
        try ChildProcess(ChildProcess.builtProduct("FaultProbe"), [mode, directory] + arguments)
    }

    /// Runs a probe to its end; what it printed.
    static func lines(_ mode: String, _ directory: String, _ arguments: String...) throws -> [String] {
        let probe = try ChildProcess(ChildProcess.builtProduct("FaultProbe"), [mode, directory] + arguments)
        let result = probe.result()
        #expect(result.status == 0, "\(mode) ended with \(result.status): \(result.text)\(result.errorText)")
        return result.lines
    }

    /// The digests of the read model as it was kept, as rebuilt and as folded in memory must be one.
    static func expectEqualDigests(_ directory: String) throws {
        let digests = try lines("digests", directory).dropFirst().map { $0.split(separator: " ").last }
        #expect(digests.count == 3 && Set(digests).count == 1, "kept, rebuilt and folded: \(digests)")
    }
}

extension ChildProcess.Result {
    /// The lines that were written to their end.
    var lines: [String] {
        let whole = output.lastIndex(of: UInt8(ascii: "\n")).map { output[..<$0] } ?? []
        return String(decoding: whole, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// The lines with these first words, without them.
    func lines(after word: String) -> [[Substring]] {
        lines.map { $0.split(separator: " ") }.filter { $0.first == word[...] }.map { Array($0.dropFirst()) }
    }
}

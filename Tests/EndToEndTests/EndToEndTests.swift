import Foundation
import TestSupport
import Testing

/// The built program, as users and scripts meet it: each test starts it in processes of its own.
///
/// One after the other: every test has work enough for the machine.
@Suite(.serialized) enum EndToEndTests {
    /// More kills, for nights: `CAIRN_LONG=1`.
    static let isLong = ProcessInfo.processInfo.environment["CAIRN_LONG"] == "1"

    /// A seed, printed so that `CAIRN_SEED` can bring it back.
    static func seed(of test: String) -> UInt64 {
        let seed = ProcessInfo.processInfo.environment["CAIRN_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1 << 32)
        print("\(test): CAIRN_SEED=\(seed)")
        return seed
    }

    /// After how many seconds a program is killed that hasn't ended.
    static let mostSeconds: Double = isLong ? 3_600 : 120

    /// The program beside the test bundle, or the one that `CAIRN_PROGRAM` names: what `tools/build` made, say.
    ///
    /// A package that builds no product of that name calls it after its target.
    static let program =
        ProcessInfo.processInfo.environment["CAIRN_PROGRAM"]
        ?? ["cairn", "CairnCLI"].map(ChildProcess.builtProduct)
        .first { FileManager.default.isExecutableFile(atPath: $0) }
}

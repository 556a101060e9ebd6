import LMDB
import TestSupport

/// An environment with a table of each kind.
struct Store {
    let directory: TemporaryDirectory
    let environment: Environment
    let bytes: Table
    let integers: Table
    let duplicates: Table

    init() throws {
        directory = try TemporaryDirectory()
        environment = try Environment.open(at: directory.path, .map(16 << 20))
        bytes = try environment.openTable("bytes")
        integers = try environment.openTable("integers", flags: .integerKey)
        duplicates = try environment.openTable(
            "duplicates", flags: [.integerKey, .dupSort, .dupFixed, .integerDup])
    }
}

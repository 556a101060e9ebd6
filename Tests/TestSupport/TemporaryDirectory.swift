import Foundation

/// A directory of its own for one test, removed with everything in it when the value is released.
package final class TemporaryDirectory: Sendable {
    /// The absolute path, without a trailing slash.
    package let path: String

    /// Creates a new, empty directory under the system's temporary directory.
    package init(_ label: String = "test") throws {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("cairn-\(label)-\(UUID().uuidString.lowercased())", isDirectory: true)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    /// The path of something inside the directory.
    package func path(_ name: String) -> String {
        path + "/" + name
    }

    deinit {
        // A test may have taken write permission away from the directory.
        try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        try? FileManager.default.removeItem(atPath: path)
    }
}

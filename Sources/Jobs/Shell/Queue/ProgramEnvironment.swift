import Glibc

/// What a program sees of this process's environment, and what of it may never be written down.
package struct ProgramEnvironment: Equatable, Sendable {
    /// By name, as the program gets them.
    let variables: [(name: String, value: String)]
    /// Variables that were asked for and aren't set.
    let missing: [String]
    private let secrets: [Secret]

    private struct Secret: Equatable, Sendable {
        let value: [UInt8]
        let replacement: [UInt8]
    }

    /// Gives `PATH` and `HOME`, a fixed language and time zone, and what is named, from the variables of this process.
    ///
    /// So a program doesn't do one thing today and another on the next machine, and a key reaches only who asked for it.
    init(naming names: [String], of all: [String: String]) {
        var given = ["LANG": "C.UTF-8", "TZ": "UTC"]
        for name in ["PATH", "HOME"] + names { given[name] = all[name] ?? given[name] }
        let sorted = given.sorted { $0.key < $1.key }
        variables = sorted.map { ($0.key, $0.value) }
        missing = names.filter { given[$0] == nil }
        secrets = names.filter(Self.isSecret).compactMap { name in
            guard let value = given[name], value.utf8.count >= 8 else { return nil }
            return Secret(value: Array(value.utf8), replacement: Array("[\(name)]".utf8))
        }
    }

    package static func == (left: ProgramEnvironment, right: ProgramEnvironment) -> Bool {
        left.variables.elementsEqual(right.variables) { $0 == $1 } && left.missing == right.missing
            && left.secrets == right.secrets
    }

    /// The variables of this process.
    package static func ofThisProcess() -> [String: String] {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "="), equals != text.startIndex {
                variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next += 1
        }
        return variables
    }

    /// Whether a variable holds what must not be written down, by its name.
    private static func isSecret(_ name: String) -> Bool {
        let name = name.uppercased()
        return ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "AUTH"].contains { name.contains($0) }
    }

    /// The bytes with `[NAME]` wherever the value of a secret variable stands.
    ///
    /// Only what stands there as it is: a program that encodes its key and prints that can't be helped.
    func redacting(_ bytes: [UInt8]) -> [UInt8] {
        secrets.reduce(bytes) { bytes, secret in replace(secret.value, by: secret.replacement, in: bytes) }
    }

    func redacting(_ text: String) -> String {
        secrets.isEmpty ? text : String(decoding: redacting(Array(text.utf8)), as: UTF8.self)
    }
}

private func replace(_ part: [UInt8], by replacement: [UInt8], in bytes: [UInt8]) -> [UInt8] {
    guard let first = part.first, bytes.count >= part.count else { return bytes }
    var result: [UInt8] = []
    var done = bytes.startIndex
    var place = bytes.startIndex
    while place <= bytes.count - part.count {
        if bytes[place] == first, bytes[place..<place + part.count].elementsEqual(part) {
            result += bytes[done..<place]
            result += replacement
            place += part.count
            done = place
        } else {
            place += 1
        }
    }
    return done == bytes.startIndex ? bytes : result + bytes[done...]
}

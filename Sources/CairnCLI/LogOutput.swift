import CanonicalJSON
import Determinism
import Logging

/// Where log lines go: words on a terminal, one JSON object a line elsewhere; always standard error.
enum LogOutput {
    /// `onTerminal` is what a terminal shows at least, unless `CAIRN_LOG` says otherwise.
    static func logger(_ label: String, onTerminal: Logger.Level = .warning) -> Logger {
        Logger(label: label) { handler($0, onTerminal: onTerminal) }
    }

    static func handler(_ label: String, onTerminal: Logger.Level = .warning) -> any LogHandler {
        StandardErrorHandler(label: label, asJSON: !Terminal.errorIsTerminal, level: level(onTerminal: onTerminal))
    }

    /// `CAIRN_LOG` names a level.
    private static func level(onTerminal: Logger.Level) -> Logger.Level {
        Terminal.environment("CAIRN_LOG").flatMap { Logger.Level(rawValue: $0.lowercased()) }
            ?? (Terminal.errorIsTerminal ? onTerminal : .info)
    }
}

/// Writes log lines to standard error.
struct StandardErrorHandler: LogHandler {
    let label: String
    let asJSON: Bool
    private let time = TimeSource.system
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(label: String, asJSON: Bool, level: Logger.Level) {
        self.label = label
        self.asJSON = asJSON
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.mapValues { "\($0)" }
        Terminal.complain(
            asJSON
                ? Self.json(event.level, "\(event.message)", label, time.time(), all)
                : Self.words(event.level, "\(event.message)", all))
    }

    static func json(
        _ level: Logger.Level, _ message: String, _ label: String, _ time: Timestamp, _ metadata: [String: String]
    ) -> String {
        var writer = CanonicalWriter()
        writer.beginObject()
        writer.field("label", label)
        writer.field("level", level.rawValue)
        writer.field("message", message)
        writer.field("metadata", metadata)
        writer.field("time", time.text)
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self) + "\n"
    }

    static func words(_ level: Logger.Level, _ message: String, _ metadata: [String: String]) -> String {
        let facts = metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        return "\(level.rawValue): \(message)\(facts)\n"
    }
}

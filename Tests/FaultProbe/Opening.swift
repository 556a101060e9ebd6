import EventLog
import Glibc

/// What can be done with a store that something is wrong with.
enum Opening {
    /// Prints what came of opening, of reading the head, and of reading everything.
    static func report(_ directory: String) {
        attempt("create", directory, LMDBLog.Options())
        attempt("readOnly", directory, LMDBLog.Options(access: .readOnly))
    }

    /// The same as a user to whom the store doesn't belong.
    static func reportAsNobody(_ directory: String) {
        if getuid() == 0 && (setgid(65_534) != 0 || setuid(65_534) != 0) { fatalError("cannot become nobody") }
        report(directory)
    }

    private static func attempt(_ name: String, _ directory: String, _ options: LMDBLog.Options) {
        do {
            let log = try LMDBLog.open(at: directory, options)
            defer { log.close() }
            let head = try log.head()
            var count: UInt64 = 0
            try log.scan { _ in count += 1 }
            Line.write("\(name) \(count == head.size ? "reads everything" : "reads \(count) of \(head.size)")")
        } catch {
            Line.write("\(name) \(Line.name(of: error))")
        }
    }
}

import Dispatch
import Glibc
import Synchronization

/// What Ctrl-C and SIGTERM do: the first asks to end, the second to hurry, the third ends the process.
enum Interrupts {
    private static let count = Atomic(0)

    /// What is said about them.
    struct Words: Sendable {
        let first: String
        let second: String

        static let run = Words(
            first: "stopping; once more cuts short the calls under way\n",
            second: "cutting short; once more ends at once\n")
        static let none = Words(first: "", second: "")
    }

    static func handle(
        saying words: Words, first: @escaping @Sendable () async throws -> Void, second: @escaping @Sendable () -> Void
    ) {
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            // The handler holds its source, which so lives as long as the process.
            source.setEventHandler { [source] in
                defer { withExtendedLifetime(source) {} }
                switch count.wrappingAdd(1, ordering: .relaxed).newValue {
                case 1:
                    Terminal.complain(words.first)
                    Task {
                        do {
                            try await first()
                        } catch {
                            Terminal.complain("cairn: can't stop: \(error)\n")
                        }
                    }
                case 2:
                    Terminal.complain(words.second)
                    second()
                default: _exit(128 + number)
                }
            }
            source.resume()
        }
    }
}

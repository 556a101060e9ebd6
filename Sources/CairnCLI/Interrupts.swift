import Dispatch
import Glibc
import Synchronization

/// What Ctrl-C and SIGTERM do: the first asks to drain, the second to hurry, the third ends the process.
enum Interrupts {
    private static let count = Atomic(0)

    static func handle(
        first: @escaping @Sendable () async throws -> Void, second: @escaping @Sendable () -> Void
    ) {
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            // The handler holds its source, which so lives as long as the process.
            source.setEventHandler { [source] in
                defer { withExtendedLifetime(source) {} }
                switch count.wrappingAdd(1, ordering: .relaxed).newValue {
                case 1:
                    Terminal.complain("\nstopping; once more cuts short the calls under way\n")
                    Task {
                        do {
                            try await first()
                        } catch {
                            Terminal.complain("cairn: can't drain: \(error)\n")
                        }
                    }
                case 2:
                    Terminal.complain("cutting short; once more ends at once\n")
                    second()
                default: _exit(128 + number)
                }
            }
            source.resume()
        }
    }
}

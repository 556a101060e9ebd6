import EventLog
import Glibc

/// Pieces of work that several threads do at once, and whose results are taken in order.
///
/// The outcome is that of doing one piece after the other: results are taken in the order of their numbers, and the
/// error thrown is that of the first piece which failed.
package enum OrderedWork {
    /// How many cores this process may use, as the system said at the first question.
    package static let cores: Int = {
        guard let status = fopen("/proc/self/status", "re") else { return 1 }
        defer { fclose(status) }
        var line = [CChar](repeating: 0, count: 4096)
        while fgets(&line, Int32(line.count), status) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            guard text.hasPrefix("Cpus_allowed:") else { continue }
            // Hexadecimal digits of a mask, with commas between groups of them.
            let mask = text.dropFirst("Cpus_allowed:".count)
            return max(1, mask.reduce(0) { $0 + ($1.hexDigitValue ?? 0).nonzeroBitCount })
        }
        return 1
    }()

    /// How many results for each thread may wait to be taken: bounds memory when one piece takes long.
    private static let ahead = 8

    /// Calls `work` with the numbers up to `count` on threads of their own, and `take` with each result on this one.
    ///
    /// Returns when no thread works any more. One thread is this one.
    package static func run<Outcome: Sendable>(
        _ count: Int, threads: Int = cores, _ work: @escaping @Sendable (Int) throws -> Outcome,
        take: (Outcome) throws -> Void
    ) throws {
        let threads = min(threads, count)
        guard threads > 1 else {
            for number in 0..<count { try take(work(number)) }
            return
        }
        let board = Monitor(Board<Outcome>(count: count, ahead: ahead * threads, running: threads))
        for _ in 0..<threads {
            startThread { workOff(board, work) }
        }
        defer {
            board.withLock { $0.isStopped = true }
            board.signal()
            board.wait { $0.running == 0 ? () : nil }
        }
        for number in 0..<count {
            let result = board.wait { $0.takeResult(of: number) }
            board.signal()
            try take(result.get())
        }
    }

    private static func workOff<Outcome>(
        _ board: Monitor<Board<Outcome>>, _ work: @Sendable (Int) throws -> Outcome
    ) {
        while let number = board.wait(for: { $0.nextNumber() }) {
            let result = Result { try work(number) }
            board.withLock { $0.results[number] = result }
            board.signal()
        }
        board.signal()
    }

    /// What the threads share: which number is next, and what is ready to be taken.
    private struct Board<Outcome: Sendable>: Sendable {
        let count: Int
        let ahead: Int
        var running: Int
        var next = 0
        var taken = 0
        var isStopped = false
        var results: [Int: Result<Outcome, any Error>] = [:]

        init(count: Int, ahead: Int, running: Int) {
            self.count = count
            self.ahead = ahead
            self.running = running
        }

        /// The number to work on; nil inside for a thread that is done, and nil outside when it has to wait.
        mutating func nextNumber() -> Int?? {
            if isStopped || next == count {
                running -= 1
                return .some(nil)
            }
            if next >= taken + ahead { return nil }
            defer { next += 1 }
            return next
        }

        mutating func takeResult(of number: Int) -> Result<Outcome, any Error>? {
            guard let result = results.removeValue(forKey: number) else { return nil }
            taken = number + 1
            return result
        }
    }
}

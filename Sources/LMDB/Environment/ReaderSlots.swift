internal import CLMDB

/// A slot of the table of readers: a process that reads, or that may.
public struct ReaderSlot: Hashable, Sendable {
    /// The process id.
    public let process: Int32
    /// The thread that began the transaction, as the operating system numbers it.
    public let thread: UInt64
    /// The transaction whose pages it holds; nil while it reads nothing.
    ///
    /// Pages freed after this transaction can't be used again before it ends.
    public let transaction: UInt64?

    /// A line of LMDB's own listing: process, thread in hexadecimal, transaction or a dash.
    init?(line: Substring) {
        let fields = line.split(separator: " ")
        guard fields.count == 3, let process = Int32(fields[0]), let thread = UInt64(fields[1], radix: 16) else {
            return nil
        }
        self.process = process
        self.thread = thread
        transaction = UInt64(fields[2])
    }
}

extension Environment {
    /// Frees the slots of processes that died while reading, and says how many there were.
    @discardableResult
    public func clearStaleReaders() throws(LMDBError) -> Int {
        try enter(writing: false, "clearing stale readers of")
        defer { leave(writing: false) }
        var dead: Int32 = 0
        let returnCode = unsafe mdb_reader_check(handle, &dead)
        if returnCode != 0 { throw LMDBError(returnCode, "clearing stale readers of \(path)") }
        return Int(dead)
    }

    /// Every reader of every process, so that whoever holds back the reuse of pages can be named.
    public func readers() throws(LMDBError) -> [ReaderSlot] {
        try enter(writing: false, "listing readers of")
        defer { leave(writing: false) }
        var listing = ""
        let returnCode = unsafe withUnsafeMutablePointer(to: &listing) { listing in
            unsafe mdb_reader_list(
                handle,
                { line, context in
                    guard let line = unsafe line, let context = unsafe context else { return 0 }
                    unsafe context.assumingMemoryBound(to: String.self).pointee += String(cString: line)
                    return 0
                }, listing)
        }
        if returnCode < 0 { throw LMDBError(returnCode, "listing readers of \(path)") }
        return listing.split(separator: "\n").compactMap(ReaderSlot.init(line:))
    }
}

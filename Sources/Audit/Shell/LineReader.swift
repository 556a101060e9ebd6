import Glibc

/// The lines of a file, one at a time; memory is bounded by the longest line.
struct LineReader: ~Copyable {
    private static let chunk = 1 << 16

    private let path: String
    private let file: Int32
    private var buffer: [UInt8] = []
    /// Where the next line begins.
    private var start = 0
    /// Up to where no line feed has been found.
    private var searched = 0
    private var isAtEnd = false

    init(_ path: String) throws(ImportError) {
        self.path = path
        file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Self.failure(path) }
    }

    deinit { close(file) }

    /// The next line without its line feed; nil at the end of the file.
    mutating func next() throws(ImportError) -> [UInt8]? {
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(buffer[start..<end])
                (start, searched) = (end + 1, end + 1)
                return line
            }
            searched = buffer.count
            if isAtEnd {
                guard start < buffer.count else { return nil }
                let line = Array(buffer[start...])
                start = buffer.count
                return line
            }
            try fill()
        }
    }

    private mutating func fill() throws(ImportError) {
        buffer.removeFirst(start)
        searched -= start
        start = 0
        let (file, used) = (file, buffer.count)
        buffer.append(contentsOf: repeatElement(0, count: Self.chunk))
        let count = buffer.withUnsafeMutableBytes { bytes in
            read(file, UnsafeMutableRawBufferPointer(rebasing: bytes[used...]).baseAddress, Self.chunk)
        }
        let reason = errno
        buffer.removeLast(Self.chunk - max(0, count))
        if count < 0 {
            guard reason == EINTR else { throw Self.failure(path, reason) }
        }
        isAtEnd = count == 0
    }

    private static func failure(_ path: String, _ reason: Int32 = errno) -> ImportError {
        ImportError(line: nil, reason: "can't read \(path): \(String(cString: strerror(reason)))", isUnreadable: true)
    }
}

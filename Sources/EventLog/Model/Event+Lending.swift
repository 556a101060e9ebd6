// Parts of a record for those who copy them as they are.
extension Event {
    /// Lends the type's text without making a string of it.
    package func withType<Result>(_ body: (RawSpan) -> Result) -> Result {
        withRecord { record in body(record.extracting(RecordLayout.typeRange(record))) }
    }

    /// Whether the type's text begins with this, as with `job.`; compares bytes and makes no string.
    package func typeBegins(with text: StaticString) -> Bool {
        withRecord { record in
            let type = RecordLayout.typeRange(record)
            let theirs = unsafe UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
            guard type.count >= theirs.count else { return false }
            return theirs.indices.allSatisfy { unsafe record.u8(at: type.lowerBound + $0) == theirs[$0] }
        }
    }

    /// Lends the 16 bytes of the commit's id.
    package func withCommitID<Result>(_ body: (RawSpan) -> Result) -> Result {
        withRecord { record in
            let start = RecordLayout.commitIDOffset
            return body(record.extracting(start..<start + CommitID.byteCount))
        }
    }

    /// Whether stream and type are printable ASCII without quotes and backslashes, as every log that was written by the
    /// rules has them: such names stand in JSON as they are.
    package var hasPlainNames: Bool {
        withRecord { record in
            let names = RecordLayout.streamRange(record).lowerBound..<RecordLayout.typeRange(record).upperBound
            let span = record.extracting(names)
            return span.byteOffsets.allSatisfy { offset in
                let byte = span.u8(at: offset)
                return byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
            }
        }
    }
}

import ArgumentParser

/// Whole numbers on the command line, each read where its option says what it counts.
enum NumberArgument {
    /// A place in the log, from 0.
    static func position(_ text: String) throws -> UInt64 {
        try number(text, "a position is a whole number from 0")
    }

    /// A size of the log: how many of its first events.
    static func size(_ text: String) throws -> UInt64 {
        try number(text, "a size is a whole number from 0: 100 means the first 100 events, positions 0 to 99")
    }

    /// How many rows of an answer are wanted at most.
    static func rows(_ text: String) throws -> Int {
        guard let number = Int(text), number > 0 else { throw ValidationError("how many is a whole number from 1") }
        return number
    }

    private static func number(_ text: String, _ expected: String) throws -> UInt64 {
        guard let number = UInt64(text) else { throw ValidationError(expected) }
        return number
    }
}

/// A place in the whole log: dense from 0, equal on every copy, and the index of the event's leaf in the Merkle tree.
public struct Position: RawRepresentable, Comparable, Hashable, Sendable {
    /// How many events stand before this one.
    public let rawValue: UInt64

    /// The position with this many events before it.
    @inlinable
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The position with this many events before it.
    @inlinable
    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The position of the log's first event.
    public static let first = Position(rawValue: 0)

    /// The position after this one.
    @inlinable
    public var next: Position { Position(rawValue: rawValue + 1) }

    /// The order of the log.
    @inlinable
    public static func < (left: Position, right: Position) -> Bool { left.rawValue < right.rawValue }
}

/// A place in one stream: dense from 0.
public struct Revision: RawRepresentable, Comparable, Hashable, Sendable {
    /// How many events of the stream stand before this one.
    public let rawValue: UInt64

    /// The revision with this many events of the stream before it.
    @inlinable
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The revision with this many events of the stream before it.
    @inlinable
    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The revision of a stream's first event.
    public static let first = Revision(rawValue: 0)

    /// The revision after this one.
    @inlinable
    public var next: Revision { Revision(rawValue: rawValue + 1) }

    /// The order of the stream.
    @inlinable
    public static func < (left: Revision, right: Revision) -> Bool { left.rawValue < right.rawValue }
}

extension Position: CustomStringConvertible {
    /// The number.
    public var description: String { String(rawValue) }
}

extension Revision: CustomStringConvertible {
    /// The number.
    public var description: String { String(rawValue) }
}

public import Determinism

/// Which events a reader wants; a nil part wants all, and an event must satisfy every part.
public struct EventFilter: Sendable, Equatable {
    /// Only these types.
    public var types: [EventType]?
    /// Only streams of these categories.
    public var categories: [String]?
    /// Only this stream; it is read through the stream's index.
    public var stream: StreamName?
    /// Only these positions; the upper end is not included.
    public var positions: Range<Position>?
    /// Only events with a recorded time in here; the upper end is not included.
    public var times: Range<Timestamp>?

    /// A filter from the parts that matter.
    public init(
        types: [EventType]? = nil, categories: [String]? = nil, stream: StreamName? = nil,
        positions: Range<Position>? = nil, times: Range<Timestamp>? = nil
    ) {
        self.types = types
        self.categories = categories
        self.stream = stream
        self.positions = positions
        self.times = times
    }

    /// Every event.
    public static let all = EventFilter()
}

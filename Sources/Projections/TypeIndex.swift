import EventLog

/// Which of some projectors read an event, found without making a `String` of its type.
struct TypeIndex {
    private var entries: [(type: EventType, readers: [Int])] = []
    /// The entry that matched last: events of one type often follow each other.
    private var recent = 0

    /// `readers` are numbers with the types that each reads.
    init(_ readers: [(number: Int, types: [EventType])]) {
        for (number, types) in readers {
            for type in types {
                if let place = entries.firstIndex(where: { $0.type == type }) {
                    entries[place].readers.append(number)
                } else {
                    entries.append((type, [number]))
                }
            }
        }
    }

    /// All types that somebody reads.
    var types: [EventType] { entries.map(\.type) }

    /// The numbers of those who read the event.
    mutating func readers(of event: Event) -> [Int] {
        guard !entries.isEmpty else { return [] }
        if event.hasType(entries[recent].type) { return entries[recent].readers }
        for place in entries.indices where event.hasType(entries[place].type) {
            recent = place
            return entries[place].readers
        }
        return []
    }
}

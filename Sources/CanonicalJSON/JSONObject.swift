/// The members of a JSON object: unique keys, in canonical order, whatever the order they came in.
public struct JSONObject: Sendable {
    /// One key and its value.
    public typealias Member = (key: String, value: JSONValue)

    private var members: [Member]

    /// Makes an object without members.
    public init() { members = [] }

    /// Makes an object from members in any order, or nil if a key comes twice.
    public init?(_ members: [Member]) { self.init(unordered: members) }

    /// The keys, in canonical order.
    public var keys: [String] { members.map(\.key) }

    /// The values, in the order of their keys.
    public var values: [JSONValue] { members.map(\.value) }

    /// How many members there are.
    public var count: Int { members.count }

    /// Whether there are no members.
    public var isEmpty: Bool { members.isEmpty }

    /// The value of a key, found in O(log n) steps; setting nil removes the member.
    public subscript(key: String) -> JSONValue? {
        get {
            let place = place(of: key)
            return place.isTaken ? members[place.index].value : nil
        }
        set {
            let place = place(of: key)
            switch (place.isTaken, newValue) {
            case (true, let value?): members[place.index].value = value
            case (true, nil): members.remove(at: place.index)
            case (false, let value?): members.insert((key, value), at: place.index)
            case (false, nil): break
            }
        }
    }

    private func place(of key: String) -> (index: Int, isTaken: Bool) {
        var (low, high) = (0, members.count)
        while low < high {
            let middle = (low + high) / 2
            switch KeyOrder(members[middle].key, key) {
            case .before: low = middle + 1
            case .same: return (middle, true)
            case .after: high = middle
            }
        }
        return (low, false)
    }
}

extension JSONObject {
    /// Takes members that are known to be in order and unique.
    init(ordered members: [Member]) { self.members = members }

    /// Sorts members; nil if a key comes twice.
    init?(unordered members: [Member]) {
        if members.count <= Self.fewMembers {
            self.members = members
            guard insertInOrder() else { return nil }
            return
        }
        let sorted = members.sorted { KeyOrder($0.key, $1.key) == .before }
        for (member, next) in zip(sorted, sorted.dropFirst()) where KeyOrder(member.key, next.key) == .same {
            return nil
        }
        self.members = sorted
    }

    /// Up to how many members moving them one by one is faster than sorting.
    private static var fewMembers: Int { 16 }

    /// Sorts the members by insertion; false if a key comes twice.
    private mutating func insertInOrder() -> Bool {
        for index in members.indices.dropFirst() {
            var place = index
            moving: while place > 0 {
                switch KeyOrder(members[place - 1].key, members[place].key) {
                case .before: break moving
                case .same: return false
                case .after:
                    members.swapAt(place - 1, place)
                    place -= 1
                }
            }
        }
        return true
    }

    init(literal elements: [(String, JSONValue)]) {
        guard let object = JSONObject(unordered: elements.map { (key: $0.0, value: $0.1) }) else {
            preconditionFailure("a JSON object names each key once")
        }
        self = object
    }
}

extension JSONObject: Sequence {
    /// Iterates over keys and values in canonical order.
    public func makeIterator() -> IndexingIterator<[Member]> { members.makeIterator() }
}

extension JSONObject: Equatable {
    /// Whether both have the same keys, code point for code point, with equal values.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count
            && zip(left.members, right.members).allSatisfy {
                KeyOrder($0.key, $1.key) == .same && $0.value == $1.value
            }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// Makes an object; a key given twice is a programming error.
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(literal: elements) }
}

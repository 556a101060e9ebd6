internal import CanonicalJSON

/// Numbers of tokens as providers write them.
enum TokenCount {
    /// A number that is not negative and so small that sums of a few can't overflow anything; nil for anything else.
    static func read(_ value: JSONValue?) -> Int? {
        value?.int.flatMap { (0...1_000_000_000_000).contains($0) ? $0 : nil }
    }
}

public import Determinism
import EventLog

/// Which mutant is on, and whether it changed anything.
///
/// One at a time for the whole process. Threads read it while it stands still; `changed` is written by any of them.
public enum Mutation {
    /// The place that is changed; −1 for none.
    nonisolated(unsafe) public static var site = -1
    /// Which of the place's mutants, from 0.
    nonisolated(unsafe) public static var variant = 0
    /// Whether a value came out otherwise since this was last set.
    nonisolated(unsafe) public static var changed = false
}

/// The original result, or that of the mutant which is on.
func mutated<T: Equatable>(_ site: Int, _ original: T, _ mutants: [() -> T]) -> T {
    guard Mutation.site == site, Mutation.variant < mutants.count else { return original }
    let result = mutants[Mutation.variant]()
    if result != original { Mutation.changed = true }
    return result
}

func mutatedLogic(
    _ site: Int, _ original: @autoclosure () throws -> Bool, _ mutant: @autoclosure () throws -> Bool
) rethrows -> Bool {
    guard Mutation.site == site else { return try original() }
    let (right, wrong) = (try original(), try mutant())
    if right != wrong { Mutation.changed = true }
    return wrong
}

/// A truth value, turned round where that mutant is on.
public func mutatedFlag(_ site: Int, _ flag: Bool) -> Bool {
    guard Mutation.site == site else { return flag }
    Mutation.changed = true
    return !flag
}

/// A number, one more or one less where that mutant is on.
public func mutatedConstant<T: Numeric>(_ site: Int, _ value: T) -> T {
    guard Mutation.site == site else { return value }
    Mutation.changed = true
    return Mutation.variant == 0 ? value + 1 : value - 1
}

/// A value that is a little off; the same where there is no such value.
public func mutatedValue<T>(_ site: Int, _ value: T) -> T {
    guard Mutation.site == site else { return value }
    if Mutation.variant == 2, let optional = T.self as? any ExpressibleByNilLiteral.Type {
        guard let none = optional.init(nilLiteral: ()) as? T, !isEqual(none, value) else { return value }
        Mutation.changed = true
        return none
    }
    guard let other = other(than: value, Mutation.variant) as? T, !isEqual(other, value) else { return value }
    Mutation.changed = true
    return other
}

private func isEqual<T>(_ left: T, _ right: T) -> Bool {
    guard let left = left as? any Equatable else { return false }
    return equals(left, right)
}

private func equals<E: Equatable>(_ left: E, _ right: Any) -> Bool { (right as? E) == left }

private func other(than value: Any, _ variant: Int) -> Any? {
    switch value {
    case let value as Int: [value &+ 1, value &- 1, 0][variant]
    case let value as Double: [value + 1, value - 0.5, -value][variant]
    case let value as Bool: variant == 0 ? !value : nil
    case let value as String: [value + "x", "", String(value.reversed())][variant]
    case let value as Timestamp:
        Timestamp(microseconds: value.microseconds + [1, -1, 1_000_000][variant])
    case let value as Microseconds: Microseconds(value.count + [1, -1, 1_000_000][variant])
    case let value as Position: Position(value.rawValue &+ [1, 2, 3][variant])
    case let value as Digest: Digest(of: value.bytes + [UInt8(variant)])
    case let value as [String: String]: variant == 0 ? [:] : value.merging(["x": "y"]) { old, _ in old }
    case let value as [Any]: [Array(value.dropFirst()), Array(value.dropLast()), Array(value.reversed())][variant]
    case let value as any RawRepresentable: otherRaw(than: value, variant)
    default: nil
    }
}

private func otherRaw<R: RawRepresentable>(than value: R, _ variant: Int) -> Any? {
    if let all = (R.self as? any CaseIterable.Type) { return otherCase(all, value, variant) }
    guard let raw = value.rawValue as? String, let last = raw.last else { return nil }
    let candidates = [raw.dropLast() + (last == "0" ? "1" : "0"), raw + "0", "0" + raw.dropFirst()]
    return (candidates[variant] as? R.RawValue).flatMap(R.init(rawValue:))
}

private func otherCase<C: CaseIterable>(_: C.Type, _ value: Any, _ variant: Int) -> Any? {
    let others = C.allCases.filter { !isEqual($0 as Any, value) }
    return others.isEmpty ? nil : others[variant % others.count]
}

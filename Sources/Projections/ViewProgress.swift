package import EventLog

/// How far one read model has come.
package struct ViewProgress: Equatable, Sendable {
    package let projector: String
    package let version: Int
    package let phase: CatchUp.Phase
    /// How many events of the log were considered.
    package let position: Position
    /// Why it stopped; nil unless it did.
    package let error: ViewError?
}

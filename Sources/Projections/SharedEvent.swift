public import Determinism
public import EventLog

/// An event on its way through several read models, with what they have read of it so far: each reading is done once.
///
/// The same object is used for one event after another, so nobody keeps it.
@usableFromInline
package final class SharedEvent {
    @usableFromInline package private(set) var event: Event
    @usableFromInline var readings: [(type: ObjectIdentifier, value: AnyObject)] = []

    @usableFromInline
    package init(_ event: Event) { self.event = event }

    /// Goes on to the next event.
    func advance(to next: Event) {
        event = next
        readings.removeAll(keepingCapacity: true)
    }

    @usableFromInline package var position: Position { event.position }
    @usableFromInline package var revision: Revision { event.revision }
    @usableFromInline package var time: Timestamp { event.time }
    @usableFromInline package var stream: StreamName { event.stream }

    /// Whether the event is of this type.
    @usableFromInline
    package func hasType(_ type: EventType) -> Bool { event.hasType(type) }

    /// What `read` makes of the event; the second time it is what it was the first time.
    @inlinable
    package func reading<Value, Failure: Error>(
        as type: Value.Type, _ read: (Event) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let id = ObjectIdentifier(type)
        for reading in readings where reading.type == id {
            return unsafeDowncast(reading.value, to: Reading<Value>.self).value
        }
        let value = try read(event)
        readings.append((id, Reading(value)))
        return value
    }

    /// As `reading(as:_:)`; nil isn't kept.
    @inlinable
    package func reading<Value, Failure: Error>(
        as type: Value.Type, orNil read: (Event) throws(Failure) -> Value?
    ) throws(Failure) -> Value? {
        let id = ObjectIdentifier(type)
        for reading in readings where reading.type == id {
            return unsafeDowncast(reading.value, to: Reading<Value>.self).value
        }
        guard let value = try read(event) else { return nil }
        readings.append((id, Reading(value)))
        return value
    }
}

@usableFromInline
final class Reading<Value> {
    @usableFromInline let value: Value

    @inlinable
    init(_ value: Value) { self.value = value }
}

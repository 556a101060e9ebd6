package import CanonicalJSON
public import Deciders
public import EventLog
public import Projections

extension SharedEvent {
    /// The payload of one type of event, read once for all read models.
    @inlinable
    package func decode<P: EventPayload>(_: P.Type) throws(CatalogueError) -> P {
        try reading(as: P.self) { (event) throws(CatalogueError) -> P in try event.decode(P.self) }
    }

    /// The event as a case of a family, read once for all read models; nil if its type isn't of this family.
    ///
    /// Inlinable, so that the modules that name the families compile it for them.
    @inlinable
    package func read<Family: EventFamily>(_: Family.Type) throws(CatalogueError) -> Family? {
        try reading(as: Family.self, orNil: Family.read)
    }

    /// The event as `read` has it; nil also for one of a newer release, where what it says may be passed over.
    package func readUnlessNewer<Family: EventFamily>(_: Family.Type) throws(CatalogueError) -> Family? {
        do throws(CatalogueError) {
            return try read(Family.self)
        } catch {
            guard case .newerVersion = error.code else { throw error }
            return nil
        }
    }

    /// For whom the event was recorded, read once for all read models.
    package func circumstances() throws(JSONError) -> Circumstances {
        try reading(as: Circumstances.self) { (event) throws(JSONError) -> Circumstances in
            try event.withMetadata { (bytes) throws(JSONError) -> Circumstances in
                try Circumstances(canonicalBytes: bytes)
            }
        }
    }
}

/// What the metadata of an event says about whom it was recorded for; its cause is stepped over.
package struct Circumstances: CanonicalDecodable, Sendable {
    /// Nil outside jobs, and for text that is no id.
    package let job: JobID?
    /// Nil outside runs, and for text that is no id.
    package let run: RunID?

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        let _: Skipped? = try reader.optionalField("cause")
        job = (try reader.optionalField("job") as Lenient<JobID>?)?.id
        run = (try reader.optionalField("run") as Lenient<RunID>?)?.id
        let _: Skipped? = try reader.optionalField("worker")
        try reader.endObject()
    }

    private struct Skipped: CanonicalDecodable {
        init(from reader: inout CanonicalReader) throws(JSONError) { try reader.skipValue() }
    }

    private struct Lenient<ID: EntityID>: CanonicalDecodable {
        let id: ID?

        init(from reader: inout CanonicalReader) throws(JSONError) {
            id = try reader.readString(as: "text") { .some(IDText($0).map(ID.init(text:))) }
        }
    }
}

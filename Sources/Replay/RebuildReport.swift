package import CanonicalJSON
package import Determinism

/// What building the read models from nothing came to.
package struct RebuildReport: Equatable, Sendable {
    package struct Model: Equatable, Sendable {
        package let name: String
        /// Of the tables that grew with the log.
        package let grown: Digest
        /// Of the tables built just now.
        package let built: Digest

        package init(name: String, grown: Digest, built: Digest) {
            self.name = name
            self.grown = grown
            self.built = built
        }
    }

    /// How many events the read models are made of: the log up to this position, which isn't included.
    package let position: UInt64
    /// In order of name.
    package let models: [Model]

    package init(position: UInt64, models: [Model]) {
        self.position = position
        self.models = models
    }

    package var isIdentical: Bool { differing.isEmpty }
    package var differing: [Model] { models.filter { $0.grown != $0.built } }
}

extension RebuildReport: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("differing", differing.map(\.name))
        writer.field("digests") { writer in
            writer.beginObject()
            for model in models { writer.field(dynamic: model.name, model.built.hex) }
            writer.endObject()
        }
        writer.field("events", position)
        writer.field("identical", isIdentical)
        writer.field("position", position)
        writer.endObject()
    }
}

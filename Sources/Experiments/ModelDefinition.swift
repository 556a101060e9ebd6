package import CanonicalJSON
package import Providers

/// A model as the experiment asks it: which one, where, and with which parameters.
package struct ModelDefinition: Equatable, Sendable {
    /// The label in results; the same model may appear twice with other parameters.
    package var id: String
    /// As in `ModelCatalogue`.
    package var provider: String
    /// The provider's own id.
    package var model: String
    /// The format that it is spoken to in; nil for its provider's own.
    package var wire: WireFormat?
    /// Whether answers are asked for in pieces, as they are written.
    package var streams: Bool
    /// Where it is reached; always resolved.
    package var baseURL: String
    /// The environment variable with the key, never the key; nil where none is sent.
    package var keyVariable: String?
    package var parameters: ChatParameters
    /// What its tokens cost; nil when that isn't known, which isn't 0.
    package var price: ModelPrice?
    /// Jobs in flight for this model; nil bounds it with the others of its provider.
    package var maxInFlight: Int?

    package init(
        id: String, provider: String, model: String, wire: WireFormat? = nil, streams: Bool = false, baseURL: String,
        keyVariable: String? = nil,
        parameters: ChatParameters = ChatParameters(), price: ModelPrice? = nil, maxInFlight: Int? = nil
    ) {
        self.id = id
        self.provider = provider
        self.model = model
        self.wire = wire
        self.streams = streams
        self.baseURL = baseURL
        self.keyVariable = keyVariable
        self.parameters = parameters
        self.price = price
        self.maxInFlight = maxInFlight
    }

    /// The key under which its jobs are counted: its provider, or its own when it has a limit of its own.
    package var lane: String { maxInFlight == nil ? provider : provider + "/" + id }
}

extension ModelDefinition: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("baseURL", baseURL)
        writer.field("id", id)
        writer.optionalField("keyVariable", keyVariable)
        writer.optionalField("maxInFlight", maxInFlight)
        writer.field("model", model)
        writer.field("parameters", parameters)
        writer.optionalField("price", price)
        writer.field("provider", provider)
        writer.optionalField("streams", streams ? true : nil)
        writer.optionalField("wire", wire?.rawValue)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        baseURL = try reader.field("baseURL")
        id = try reader.field("id")
        keyVariable = try reader.optionalField("keyVariable")
        maxInFlight = try reader.optionalField("maxInFlight")
        model = try reader.field("model")
        parameters = try reader.field("parameters")
        price = try reader.optionalField("price")
        provider = try reader.field("provider")
        streams = try reader.optionalField("streams") ?? false
        let start = reader.offset
        let word: String? = try reader.optionalField("wire")
        wire = word.flatMap(WireFormat.init(rawValue:))
        if let word, wire == nil {
            throw reader.error(at: start, expected: "a wire format", found: "«\(word.prefix(40))»")
        }
        try reader.endObject()
    }
}

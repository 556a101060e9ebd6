package import CanonicalJSON

/// One message of a conversation, in the neutral form that every adapter translates.
package struct ChatMessage: Sendable, Equatable, CanonicalCodable {
    /// Who speaks; the spelling of the raw value is the one of OpenAI's wire format.
    package enum Role: String, Sendable, Equatable, CaseIterable, CanonicalCodable {
        case system, user, assistant
    }

    package var role: Role
    package var content: String

    package init(role: Role, content: String) {
        self.role = role
        self.content = content
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("content", content)
        writer.field("role", role)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        content = try reader.field("content")
        role = try reader.field("role")
        try reader.endObject()
    }
}

/// The JSON Schema that an answer must follow, with the name under which the provider is told of it.
package struct ResponseSchema: Sendable, Equatable, CanonicalCodable {
    /// Letters, digits, `_` and `-`, at most 64.
    package var name: String
    /// A schema that providers can enforce strictly: every property required, no additional ones.
    package var schema: JSONValue

    package init(name: String, schema: JSONValue) {
        self.name = name
        self.schema = schema
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("name", name)
        writer.field("schema", schema)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        name = try reader.field("name")
        schema = try reader.field("schema")
        try reader.endObject()
    }
}

/// How the model should answer.
///
/// What the user didn't set is absent and never sent: the provider's default counts.
package struct ChatParameters: Sendable, Equatable, CanonicalCodable {
    /// A finite number.
    package var temperature: Double?
    /// A finite number.
    package var topP: Double?
    /// Most tokens of the answer, reasoning included.
    package var maxTokens: Int?
    package var seed: Int?
    /// Texts at which the answer ends; empty means none.
    package var stop: [String]
    package var responseSchema: ResponseSchema?
    /// Members of the provider's own request, sent as they are; they win over the parameters above.
    package var extra: [String: JSONValue]

    package init(
        temperature: Double? = nil,
        topP: Double? = nil,
        maxTokens: Int? = nil,
        seed: Int? = nil,
        stop: [String] = [],
        responseSchema: ResponseSchema? = nil,
        extra: [String: JSONValue] = [:]
    ) {
        self.temperature = temperature
        self.topP = topP
        self.maxTokens = maxTokens
        self.seed = seed
        self.stop = stop
        self.responseSchema = responseSchema
        self.extra = extra
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("extra", extra.isEmpty ? nil : extra)
        writer.optionalField("maxTokens", maxTokens)
        writer.optionalField("responseSchema", responseSchema)
        writer.optionalField("seed", seed)
        writer.optionalField("stop", stop.isEmpty ? nil : stop)
        writer.optionalField("temperature", temperature)
        writer.optionalField("topP", topP)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        extra = try reader.optionalField("extra") ?? [:]
        maxTokens = try reader.optionalField("maxTokens")
        responseSchema = try reader.optionalField("responseSchema")
        seed = try reader.optionalField("seed")
        stop = try reader.optionalField("stop") ?? []
        temperature = try reader.optionalField("temperature")
        topP = try reader.optionalField("topP")
        try reader.endObject()
    }
}

/// What is asked of a model: the neutral form from which an adapter makes the bytes.
package struct ChatRequest: Sendable, Equatable, CanonicalCodable {
    /// The model's id as the provider knows it, without the provider's name.
    package var model: String
    package var messages: [ChatMessage]
    package var parameters: ChatParameters
    /// Whether the answer should come in pieces, as it is made.
    package var streams: Bool

    package init(
        model: String, messages: [ChatMessage], parameters: ChatParameters = ChatParameters(), streams: Bool = false
    ) {
        self.model = model
        self.messages = messages
        self.parameters = parameters
        self.streams = streams
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("messages", messages)
        writer.field("model", model)
        writer.field("parameters", parameters)
        writer.optionalField("streams", streams ? true : nil)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        messages = try reader.field("messages")
        model = try reader.field("model")
        parameters = try reader.field("parameters")
        streams = try reader.optionalField("streams") ?? false
        try reader.endObject()
    }
}

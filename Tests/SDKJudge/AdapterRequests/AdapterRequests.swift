// Reads `{"adapter", "baseURL", "chat", "key", "provider"}` per line and writes the request that the adapter makes of it, as JSON
// per line: for a judge in another language.
import CanonicalJSON
import HTTPTransport
import Providers

struct Order: CanonicalCodable {
    let adapter: String
    let baseURL: String
    let chat: ChatRequest
    let key: String
    let provider: String

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("adapter", adapter)
        writer.field("baseURL", baseURL)
        writer.field("chat", chat)
        writer.field("key", key)
        writer.field("provider", provider)
        writer.endObject()
    }

    init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        adapter = try reader.field("adapter")
        baseURL = try reader.field("baseURL")
        chat = try reader.field("chat")
        key = try reader.field("key")
        provider = try reader.field("provider")
        try reader.endObject()
    }

    /// The request as JSON: what a server would get, its body read.
    func request() throws -> JSONValue {
        guard let adapter = ModelCatalogue.adapter(named: adapter, streams: chat.streams),
            let endpoint = ModelCatalogue.provider(named: provider)?.endpoint(baseURL: baseURL)
        else { throw UnknownName(adapter: adapter, provider: provider) }
        let request = adapter.request(chat, endpoint: endpoint, key: APIKey(key))
        var headers = JSONObject()
        for header in request.headers { headers[header.name.lowercased()] = .string(header.value) }
        return [
            "body": try JSONParser.parse(request.body), "headers": .object(headers),
            "method": .string(request.method), "url": .string(request.url),
        ]
    }
}

struct UnknownName: Error {
    let adapter: String
    let provider: String
}

@main
enum AdapterRequests {
    static func main() throws {
        while let line = readLine(strippingNewline: true) {
            let order = try Order(canonicalBytes: Array(line.utf8))
            print(String(decoding: try order.request().canonicalBytes(), as: UTF8.self))
        }
    }
}

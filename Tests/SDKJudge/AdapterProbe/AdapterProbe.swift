// Lets a judge in another language use the adapters: reads an order as JSON per line and writes JSON per line.
//
//   {"adapter", "baseURL", "chat", "key", "provider"}          the request that the adapter makes of a conversation
//   {"adapter", "body", "headers", "status", "streams"}        what the adapter reads from a response
import CanonicalJSON
import HTTPTransport
import Providers

@main
enum AdapterProbe {
    static func main() throws {
        while let line = readLine(strippingNewline: true) {
            let order = try JSONParser.parse(Array(line.utf8))
            let answer = order["status"] == nil ? try request(order) : try result(order)
            print(String(decoding: answer.canonicalBytes(), as: UTF8.self))
        }
    }

    private static func request(_ order: JSONValue) throws -> JSONValue {
        let chat = try ChatRequest(canonicalBytes: (order["chat"] ?? .null).canonicalBytes())
        let facts = ModelCatalogue.provider(named: order["provider"]?.string ?? "")
        guard let endpoint = facts?.endpoint(baseURL: order["baseURL"]?.string) else { throw WrongOrder() }
        let key = APIKey(order["key"]?.string ?? "")
        let request = try adapter(order, streams: chat.streams).request(chat, endpoint: endpoint, key: key)
        var headers = JSONObject()
        for header in request.headers { headers[header.name.lowercased()] = .string(header.value) }
        return [
            "body": try JSONParser.parse(request.body), "headers": .object(headers),
            "method": .string(request.method), "url": .string(request.url),
        ]
    }

    private static func result(_ order: JSONValue) throws -> JSONValue {
        guard let status = order["status"]?.int, let body = order["body"]?.string,
            let streams = order["streams"]?.bool
        else { throw WrongOrder() }
        let adapter = try adapter(order, streams: streams)
        let headers = (order["headers"]?.object ?? [:]).map { HTTPHeader(name: $0.key, value: $0.value.string ?? "") }
        switch adapter.result(status: status, headers: adapter.recorded(headers), body: Array(body.utf8)) {
        case .success(let result):
            return [
                "cacheRead": number(result.usage.cacheRead), "finish": .string(result.finish.rawValue),
                "input": number(result.usage.input),
                "original": result.finishOriginal.map(JSONValue.string) ?? .null,
                "output": number(result.usage.output), "reasoning": number(result.usage.reasoning),
                "text": .string(result.text),
            ]
        case .failure(let error):
            return ["class": .string(error.class.rawValue), "retryable": .bool(error.retryable)]
        }
    }

    private static func adapter(_ order: JSONValue, streams: Bool) throws -> any LLMProvider.Type {
        guard let adapter = ModelCatalogue.adapter(named: order["adapter"]?.string ?? "", streams: streams) else {
            throw WrongOrder()
        }
        return adapter
    }

    private static func number(_ count: Int?) -> JSONValue { count.map { JSONValue($0) } ?? .null }
}

struct WrongOrder: Error {}

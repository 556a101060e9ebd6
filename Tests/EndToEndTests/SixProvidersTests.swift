import CanonicalJSON
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct SixProvidersTests {
        /// The example of the repository: each of 27 kinds of fault once in each of seven formats.
        private static let example = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../tools/examples/six-providers.yaml").standardizedFileURL

        /// What those of the kinds that are errors mean, by the table of classes; the others are answers.
        private static let classes = [
            "malformedResponse": 5, "network": 3, "overloaded": 2, "rateLimit": 7, "serverError": 4, "timeout": 2,
        ]

        @Test func `a run over all formats outlives every fault, and each is classified as its kind is`() async throws {
            let place = try Workplace()
            try place.write(try String(contentsOf: Self.example, encoding: .utf8), "six.yaml")
            let run = try await place.cairn("run", "six.yaml")
            #expect(run.status == 0, "\(run.errorText.suffix(2_000))")
            #expect(try await place.cells(of: 112)["done"] == 112)
            var counts: [String: [String: Int]] = [:]
            for event in try await place.events("llm.callFailed") {
                let function = try #require(event["metadata"]?["cause"]?["function"]?["name"]?.string)
                let kind = try #require(event["data"]?["class"]?.string)
                counts[function.replacing("calls.classify.", with: ""), default: [:]][kind, default: 0] += 1
            }
            #expect(counts.count == 7, "\(counts.keys.sorted())")
            for (adapter, classes) in counts {
                var expected = Self.classes
                // An error in the middle of its streams is one of overload.
                if adapter == "anthropic.messages" {
                    expected["overloaded"] = 3
                    expected["serverError"] = 3
                }
                #expect(classes == expected, "\(adapter)")
            }
            try await place.expectSoundStore()
        }
    }
}

package import Calls
package import CanonicalJSON
import HTTPTransport
import Jobs
import Providers
import Scoring

/// What a run will send and cost, before anything is sent.
///
/// The requests are made as the run makes them. An answer is expected to have 400 tokens, or `max_tokens` if that is less;
/// at worst it has `max_tokens` of 8 bytes, each request's body is tokenised byte by byte, and every judge is asked in
/// every round. Repetitions after failures aren't in it: a budget bounds those too.
package struct RunForecast: Equatable, Sendable {
    /// Sums over the calls of one model for one purpose.
    package struct Row: Equatable, Sendable {
        /// The label in results.
        package let model: String
        package let purpose: CallPurpose
        package var calls = 0
        package var worstCalls = 0
        package var input = 0
        package var output = 0
        /// In nano-dollars; nil without a price.
        package var cost: Int? = 0
        /// Nil without a limit on the answers' tokens.
        package var worstTokens: Int? = 0
        /// Nil without a price or that limit.
        package var worstCost: Int? = 0

        init(model: String, purpose: CallPurpose) {
            self.model = model
            self.purpose = purpose
        }
    }

    /// The tokens that an answer is expected to have.
    package static let expectedAnswer = 400
    /// How much a token of an answer adds to later requests at worst; the usual tokenisers come to 3 to 7 on average.
    package static let bytesOfToken = 8

    package private(set) var rows: [Row] = []

    /// How many jobs there are for a model and a scenario: probes, or a judge's.
    package typealias JobCount = (_ model: String, _ scenario: String, _ judge: String?) -> Int

    /// Throws when the definition asks for what this program can't send.
    package init(_ definition: ExperimentDefinition) throws {
        try self.init(definition) { _, _, _ in definition.samples }
    }

    /// The same for some jobs only, such as those that are left.
    package init(_ definition: ExperimentDefinition, jobs: JobCount) throws {
        let script = try ProbeScript(definition)
        for model in definition.models {
            let asked = try model.asked(definition.limits)
            var row = Row(model: model.id, purpose: .probe)
            var judged = definition.judges.map { Row(model: $0.model.id, purpose: .judge) }
            for scenario in definition.scenarios {
                var conversation = try script.probe(["model": model.id, "scenario": scenario.id]).conversation
                let answer = Self.expected(model)
                // What an answer adds to a request at worst, beyond what is expected.
                let growth = max(0, Self.bytesOfToken * (model.parameters.maxTokens ?? 0) - 4 * answer)
                while let turn = conversation.nextTurn, let messages = conversation.nextMessages {
                    let bytes = Self.bytes(asked, .probe, turn: turn, messages)
                    row.add(
                        bytes, most: bytes + turn * growth, model, times: jobs(model.id, scenario.id, nil))
                    conversation.take(String(repeating: "abc ", count: answer))
                }
                for (index, judge) in definition.judges.enumerated() {
                    let rounds = definition.limits.judgeRounds
                    let judging = try judge.model.asked(definition.limits)
                    func bytes(after refusal: String?) -> Int {
                        let messages = JudgePrompt.messages(
                            judging: conversation.said, by: judge.rubric, after: refusal)
                        return Self.bytes(judging, .judge, turn: 0, messages)
                    }
                    let refusal = rounds > 1 ? String(repeating: "x", count: ScoreRefused.longestReason) : nil
                    judged[index].add(
                        bytes(after: nil), most: bytes(after: refusal) + conversation.prompts.count * growth,
                        judge.model, times: jobs(model.id, scenario.id, judge.id), rounds: rounds)
                }
            }
            merge(row)
            for row in judged { merge(row) }
        }
    }

    private mutating func merge(_ row: Row) {
        guard let index = rows.firstIndex(where: { $0.model == row.model && $0.purpose == row.purpose }) else {
            return rows.append(row)
        }
        rows[index].add(row)
    }

    private static func expected(_ model: ModelDefinition) -> Int {
        min(expectedAnswer, model.parameters.maxTokens ?? expectedAnswer)
    }

    private static func bytes(
        _ model: AskedModel, _ purpose: CallPurpose, turn: Int, _ messages: [ChatMessage]
    ) -> Int {
        let id = CallID(job: JobID(identifying: ["forecast"]), purpose: purpose, turn: turn)
        let question = model.question(id, purpose, turn: turn, messages)
        return question.adapter.request(question.chat, endpoint: question.endpoint, key: nil).body.count
    }

    /// Of all rows; its costs are nil if one of theirs is.
    package var total: Row {
        rows.reduce(into: Row(model: "", purpose: .probe)) { $0.add($1) }
    }
}

extension RunForecast.Row {
    /// Calls whose request has so many bytes, or at worst `most`.
    fileprivate mutating func add(
        _ bytes: Int, most: Int, _ model: ModelDefinition, times: Int, rounds: Int = 1
    ) {
        let ceiling = model.parameters.maxTokens
        let estimate = TokenEstimate(bodyBytes: bytes, outputCeiling: ceiling)
        let written = min(RunForecast.expectedAnswer, ceiling ?? RunForecast.expectedAnswer)
        calls += times
        worstCalls += times * rounds
        input += times * estimate.input
        output += times * written
        cost = cost.plus(model.price?.cost(of: Usage(input: estimate.input, output: written)), times: times)
        let worst = SpendingRules.reservation(
            TokenEstimate(bodyBytes: most, outputCeiling: ceiling), price: model.price)
        worstTokens = worstTokens.plus(worst.tokens, times: times * rounds)
        worstCost = worstCost.plus(worst.cost, times: times * rounds)
    }

    fileprivate mutating func add(_ other: RunForecast.Row) {
        calls += other.calls
        worstCalls += other.worstCalls
        input += other.input
        output += other.output
        cost = cost.plus(other.cost)
        worstTokens = worstTokens.plus(other.worstTokens)
        worstCost = worstCost.plus(other.worstCost)
    }
}

extension Int? {
    /// Nil if either is, or if it is beyond any number.
    fileprivate func plus(_ other: Int?, times: Int = 1) -> Int? {
        guard let self, let other else { return nil }
        let (product, overflows) = other.multipliedReportingOverflow(by: times)
        let (sum, overflowsToo) = self.addingReportingOverflow(product)
        return overflows || overflowsToo ? nil : sum
    }
}

extension RunForecast.Row: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("calls", calls)
        writer.optionalField("cost", cost)
        writer.field("input", input)
        if !model.isEmpty { writer.field("model", model) }
        writer.field("output", output)
        if !model.isEmpty { writer.field("purpose", purpose) }
        writer.field("worstCalls", worstCalls)
        writer.optionalField("worstCost", worstCost)
        writer.optionalField("worstTokens", worstTokens)
        writer.endObject()
    }
}

extension RunForecast: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("models", rows)
        writer.field("total", total)
        writer.endObject()
    }
}

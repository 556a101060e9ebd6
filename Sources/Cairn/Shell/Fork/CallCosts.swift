import Calls
import CanonicalJSON
import Deciders
import Dispatch
import EventLog
import Experiments
import Jobs
import Providers
import Synchronization

/// What each answered call of a log used, read as fast as the log can be, to be priced by other tables.
///
/// A call's numbers stand at known places of its canonical bytes, so most of them aren't parsed.
struct CallCosts {
    /// A model of a run, as its provider knows it.
    struct Asked: Hashable {
        let run: String
        let provider: String
        let model: String
    }

    /// What one way of pricing comes to.
    typealias Pricing = @Sendable (Asked) -> ModelPrice?

    private let log: any Log

    init(log: any Log) { self.log = log }

    /// The cost of each run as it was recorded, and by each way of pricing.
    func sums(
        by pricings: [Pricing], upTo end: Position
    ) throws -> [String: (recorded: WhatIf.Cost, priced: [WhatIf.Cost])] {
        let cores = 2
        let share = end.rawValue / UInt64(cores) + 1
        let results = Mutex<[Int: Result<CostScan, any Error>]>([:])
        DispatchQueue.concurrentPerform(iterations: cores) { number in
            let first = UInt64(number) * share
            let result = Result {
                var scan = CostScan(first: first, pricings: pricings)
                try scan.run(log, to: Position(min(first + share, end.rawValue)))
                return scan
            }
            results.withLock { $0[number] = result }
        }
        var whole = CostScan(first: 0, pricings: pricings)
        for number in 0..<cores {
            guard let part = try results.withLock({ $0[number] })?.get() else { continue }
            try whole.add(part, log: log)
        }
        return whole.sums
    }
}

/// The prices of a run's models, as its definition has them.
struct PricesOfRun: Sendable {
    private let models: [ModelDefinition]

    init(_ definition: ExperimentDefinition) { models = definition.models + definition.judges.map(\.model) }

    /// Of the first model that it may be: those that share an id with the provider share its prices.
    func price(of asked: CallCosts.Asked) -> ModelPrice? {
        models.first { $0.provider == asked.provider && $0.model == asked.model }?.price
    }
}

/// One part of the log.
private struct CostScan {
    private let first: UInt64
    private let pricings: [CallCosts.Pricing]
    private(set) var sums: [String: (recorded: WhatIf.Cost, priced: [WhatIf.Cost])] = [:]
    /// By model number.
    private var asked: [CallCosts.Asked] = []
    private var numbers: [CallCosts.Asked: Int] = [:]
    private var prices: [[ModelPrice?]] = []
    private var recorded: [WhatIf.Cost] = []
    private var priced: [[WhatIf.Cost]] = []
    /// By position behind `first`: 1 more than the number of the model that was asked there.
    private var models: [UInt16] = []
    /// Answers whose question stands in an earlier part.
    private var strays: [(start: Position, answer: Answer)] = []

    private struct Answer {
        let usage: Usage
        let cost: Int?
    }

    init(first: UInt64, pricings: [CallCosts.Pricing]) {
        self.first = first
        self.pricings = pricings
    }

    mutating func run(_ log: any Log, to end: Position) throws {
        guard end.rawValue > first else { return }
        models = Array(repeating: 0, count: Int(end.rawValue - first))
        try log.scan(
            from: Position(first), to: end, matching: EventFilter(types: [CallStarted.type, CallCompleted.type])
        ) { event in
            if event.hasType(CallStarted.type) {
                models[Int(event.position.rawValue - first)] = UInt16(clamping: try number(of: event) + 1)
            } else {
                let start = try Self.start(of: event)
                let answer = try Self.answer(event)
                if start.rawValue >= first {
                    take(answer, of: Int(models[Int(start.rawValue - first)]) - 1)
                } else {
                    strays.append((start, answer))
                }
            }
        }
        close()
    }

    /// Adds a part, whose strays are looked up one by one.
    mutating func add(_ part: CostScan, log: any Log) throws {
        for (run, sum) in part.sums { add(sum, to: run) }
        for (start, answer) in part.strays {
            guard let event = try log.event(at: start) else { continue }
            take(answer, of: try number(of: event))
        }
        close()
    }

    private mutating func add(_ sum: (recorded: WhatIf.Cost, priced: [WhatIf.Cost]), to run: String) {
        guard let known = sums[run] else {
            sums[run] = sum
            return
        }
        sums[run] = (known.recorded + sum.recorded, zip(known.priced, sum.priced).map { $0 + $1 })
    }

    /// Puts the sums of models together to those of runs.
    private mutating func close() {
        for (number, asked) in asked.enumerated() {
            add((recorded[number], priced[number]), to: asked.run)
            recorded[number] = WhatIf.Cost()
            priced[number] = pricings.map { _ in WhatIf.Cost() }
        }
    }

    private mutating func take(_ answer: Answer, of number: Int) {
        guard number >= 0 else { return }
        recorded[number].take(answer.cost)
        for index in pricings.indices { priced[number][index].take(prices[number][index]?.cost(of: answer.usage)) }
    }

    private mutating func number(of event: Event) throws -> Int {
        let run = try event.withMetadata { $0.skim { $0.text(after: ",\"run\":\"") } } ?? event.metadata().run ?? ""
        let names = event.withData { data in
            data.skim { data in
                data.text(after: ",\"provider\":\"").flatMap { provider in
                    data.text(after: ",\"model\":\"").map { (provider: provider, model: $0) }
                }
            }
        }
        let asked: CallCosts.Asked
        if let names {
            asked = CallCosts.Asked(run: run, provider: names.provider, model: names.model)
        } else {
            let started = try event.decode(CallStarted.self)
            asked = CallCosts.Asked(run: run, provider: started.provider, model: started.model)
        }
        if let known = numbers[asked] { return known }
        numbers[asked] = self.asked.count
        self.asked.append(asked)
        prices.append(pricings.map { $0(asked) })
        recorded.append(WhatIf.Cost())
        priced.append(pricings.map { _ in WhatIf.Cost() })
        return self.asked.count - 1
    }

    private static func start(of event: Event) throws -> Position {
        let skimmed = event.withMetadata { $0.skim { $0.number(after: ",\"positions\":[") } }
        if let skimmed { return Position(UInt64(skimmed)) }
        return try event.metadata().cause?.positions.first ?? event.position
    }

    private static func answer(_ event: Event) throws -> Answer {
        let skimmed = event.withData { data in
            data.skim { data -> Answer? in
                // The usage is the last member, and holds nothing but numbers.
                guard let tail = data.tail(from: ",\"usage\":{") else { return nil }
                let usage = Usage(
                    input: tail.number(after: "\"input\":"), output: tail.number(after: "\"output\":"),
                    cacheRead: tail.number(after: "\"cacheRead\":"),
                    cacheWrite: tail.number(after: "\"cacheWrite\":"),
                    reasoning: tail.number(after: "\"reasoning\":"))
                return Answer(usage: usage, cost: data.number(after: ",\"cost\":"))
            }
        }
        if let skimmed { return skimmed }
        let completed = try event.decode(CallCompleted.self)
        return Answer(usage: completed.usage, cost: completed.cost)
    }
}

extension WhatIf.Cost {
    fileprivate mutating func take(_ cost: Int?) {
        if let cost {
            known += 1
            total += cost
        } else {
            unknown += 1
        }
    }

    static func + (left: WhatIf.Cost, right: WhatIf.Cost) -> WhatIf.Cost {
        WhatIf.Cost(
            known: left.known + right.known, unknown: left.unknown + right.unknown, total: left.total + right.total)
    }
}

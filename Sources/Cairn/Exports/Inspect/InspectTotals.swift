import Calls
import CanonicalJSON
import Determinism
import Experiments
import Jobs
import Scoring

/// What the samples of a log add up to: counted while they are written.
struct InspectTotals {
    private(set) var samples = 0
    private(set) var answered = 0
    private(set) var modelUsage: [String: InspectUsage] = [:]
    private(set) var roleUsage: [String: InspectUsage] = [:]
    /// By judge, in the order of the samples: scenario and total, nil where the judge gave none.
    private(set) var scores: [String: [(id: String, total: Double?)]] = [:]

    mutating func take(_ document: InspectSample) {
        samples += 1
        if document.sample.isAnswered { answered += 1 }
        let usage = document.usage
        modelUsage.merge(usage.model, uniquingKeysWith: +)
        roleUsage.merge(usage.role, uniquingKeysWith: +)
        for judging in document.sample.judgings {
            scores[judging.judge.id, default: []].append((document.id, judging.computed?.total))
        }
    }

    /// The mean and the standard error of totals, six places; nil where there are too few.
    static func statistics(_ totals: [Double]) -> (mean: Double?, standardError: Double?) {
        guard !totals.isEmpty else { return (nil, nil) }
        let count = Double(totals.count)
        var sum = FixedOrderSum()
        for total in totals { sum.add(total) }
        let mean = sum.value / count
        guard totals.count > 1 else { return (quantised(mean, places: 6), nil) }
        var squares = FixedOrderSum()
        for total in totals { squares.add((total - mean) * (total - mean)) }
        let error = (squares.value / (count - 1) / count).squareRoot()
        return (quantised(mean, places: 6), quantised(error, places: 6))
    }

    /// For each scenario the mean over its samples, in the order of the scenarios.
    func reductions(by judge: String, _ definition: ExperimentDefinition) -> [(id: String, mean: Double)] {
        var totals: [String: [Double]] = [:]
        for score in scores[judge] ?? [] { if let total = score.total { totals[score.id, default: []].append(total) } }
        return definition.scenarios.compactMap { scenario in
            let id = InspectSample.id(of: scenario)
            return totals[id].flatMap { Self.statistics($0).mean }.map { (id, $0) }
        }
    }
}

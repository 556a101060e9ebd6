import ArgumentParser
import Cairn

/// What the query commands share: which store, which moment, which rows.
struct QueryOptions: ParsableArguments {
    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    @Option(help: ArgumentHelp("Only this run: its id, or the beginning of it.", valueName: "run"))
    var run: String?

    @Option(help: "At most this many rows.", transform: NumberArgument.rows)
    var limit: Int?

    @Option(help: MomentArgument.help, transform: MomentArgument.init(argument:))
    var at: MomentArgument?

    func selection(_ labels: LabelOptions? = nil) -> Queries.Selection {
        Queries.Selection(
            run: run, model: labels?.model, scenario: labels?.scenario, judge: labels?.judge, limit: limit ?? .max)
    }

    /// Opens the store, asks, and closes it again.
    func ask<Answer>(_ question: (Queries) throws -> Answer) throws -> Answer {
        let store = try Store.open(at: store.path)
        defer { store.close() }
        return try question(try Queries(store, at: at?.moment))
    }
}

/// What narrows down questions about single results.
struct LabelOptions: ParsableArguments {
    @Option(help: "Only this model (the id in the experiment).")
    var model: String?

    @Option(help: "Only this scenario.")
    var scenario: String?

    @Option(help: "Only this judge.")
    var judge: String?
}

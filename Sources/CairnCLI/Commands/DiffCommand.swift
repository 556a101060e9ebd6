import ArgumentParser
import Cairn
import Jobs
import Replay
import Scoring

/// The command `cairn diff`.
struct DiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Compare two stores, or two runs of one: events, transcripts, scores, rankings, cost.",
        discussion: """
            Scores are paired by scenario, model, sample and judge. A shift is the mean difference, with its 95 % interval \
            (Student's, over the scenarios). What a store says about its own making, and about access to it, is left aside. \
            Of the questions that differ the first 20 are named, and how many others there are.

            EXAMPLE
              cairn diff cairn-store reweighed
              cairn diff cairn-store --run 01k --other 02m
            """)

    @OptionGroup var answer: OutputOptions

    @Argument(help: "A store's directory.")
    var first: String

    @Argument(help: "The other store's directory; without it two runs of the first are compared.")
    var second: String?

    @Option(
        name: .customLong("run"),
        help: ArgumentHelp("Only this run: its id, or the beginning of it.", valueName: "run"))
    var only: String?

    @Option(help: ArgumentHelp("The run of the second that --run is compared with.", valueName: "run"))
    var other: String?

    @Flag(help: "Name every question that differs.")
    var all = false

    func validate() throws {
        if other != nil, only == nil { throw ValidationError("--other says what --run is compared with; give both") }
        if second == nil, other == nil {
            throw ValidationError("give two stores, or one with --run and --other")
        }
    }

    func run() async throws {
        let one = try Store.open(at: first)
        defer { one.close() }
        // A process opens a store once.
        let two = try second.flatMap { try $0 == first ? nil : Store.open(at: $0) }
        defer { two?.close() }
        do {
            let diff = try DiffService(one, two ?? one, namesAll: all).diff(run: only, other: other)
            try answer.output.print(diff) { DiffText.text(diff) }
        } catch let error as QueryError {
            throw Failure(.usage, "\(error)")
        }
    }
}

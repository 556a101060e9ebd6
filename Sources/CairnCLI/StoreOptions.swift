import ArgumentParser

/// Which store a command works on.
struct StoreOptions: ParsableArguments {
    static let fallback = "cairn-store"

    @Option(
        help: ArgumentHelp(
            "The store's directory.", discussion: "Default: the variable CAIRN_STORE, else \(fallback) here.",
            valueName: "directory"))
    var store: String?

    var path: String {
        store ?? Terminal.environment("CAIRN_STORE") ?? Self.fallback
    }

    func validate() throws {
        if store == "" { throw ValidationError("--store takes a directory; found nothing") }
    }
}

/// How a command answers.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Answer with JSON instead of text.")
    var json = false

    var output: Output { Output(asJSON: json) }
}

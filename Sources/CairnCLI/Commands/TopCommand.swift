import ArgumentParser
import Cairn
import CanonicalJSON
import Determinism

/// The command `cairn top`.
struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "Watch queues, workers and the latest failures, live.",
        discussion: """
            Reads the store from beside the workers and changes nothing. On a terminal it draws anew every second, until \
            Ctrl-C or SIGTERM, and ends with 0. Elsewhere, and with --once, there is one frame; with --every frames go on \
            there, too. With --json each frame is a line. Of workers DONE counts jobs; FAILED, CRASHED and ATTEMPTS/S \
            count attempts.

            EXAMPLE
              cairn top --once
              cairn top --json --every 5 >frames.jsonl
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    @Flag(help: "One frame, and no rates, since these take two.")
    var once = false

    @Option(
        help: ArgumentHelp(
            "How long a frame stands, as in 5 or 500ms; default: 1 on a terminal, and else one frame.",
            valueName: "length"), transform: LengthArgument.init)
    var every: LengthArgument?

    func validate() throws {
        try every?.check("--every", from: "100ms", to: "1h")
    }

    func run() async throws {
        let store = try Store.open(at: store.path)
        defer { store.close() }
        let frames = Frames(path: self.store.path, asJSON: answer.json)
        guard !once, Terminal.outputIsTerminal || every != nil else {
            var top = TopService(store)
            return try frames.show(top.frame(), over: false)
        }
        let every = every ?? LengthArgument(seconds: 1)
        let task = Task { try await frames.follow(store, every: every.length.duration) }
        // It ends between two frames, so that the last one stands whole on the screen, with the prompt below.
        Interrupts.handle(saying: .none, first: { task.cancel() }, second: {})
        try await task.value
    }
}

/// How frames are shown.
private struct Frames {
    /// The store's, as it was given.
    let path: String
    let asJSON: Bool

    /// One frame after another until the task is cancelled.
    func follow(_ store: Store, every pause: Duration) async throws {
        var top = TopService(store)
        while !Task.isCancelled {
            try show(top.frame(), over: Terminal.outputIsTerminal)
            // When it is cancelled, which is how it ends, the loop sees that.
            try? await Task.sleep(for: pause)  // why: a frame stands for a time that a person chose
        }
    }

    /// `over`: in the place of the frame before.
    func show(_ frame: TopFrame, over: Bool) throws {
        if asJSON { return try Terminal.print(frame.canonicalBytes() + [UInt8(ascii: "\n")]) }
        let text = TopText.text(of: frame, store: path)
        try Terminal.print(over ? Terminal.screen(text) : text)
    }
}

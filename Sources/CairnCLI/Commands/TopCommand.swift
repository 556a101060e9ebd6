import ArgumentParser
import Cairn
import CanonicalJSON

/// The command `cairn top`.
struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "Watch queues, workers and the latest failures, live.",
        discussion: """
            Reads the store from beside the workers and changes nothing. On a terminal it draws anew every second, until \
            Ctrl-C; elsewhere, and with --once, there is one frame. With --json each frame is a line.

            EXAMPLE
              cairn top --once
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    @Flag(help: "One frame, and no rates, since these take two.")
    var once = false

    @Option(help: ArgumentHelp("How long a frame stands.", valueName: "seconds"))
    var every = 1.0

    func validate() throws {
        guard (0.1...3_600).contains(every) else {
            throw ValidationError("--every takes seconds from 0.1 to 3,600; found \(every)")
        }
    }

    func run() async throws {
        let store = try Store.open(at: store.path)
        defer { store.close() }
        var top = TopService(store)
        let isLive = !once && (Terminal.outputIsTerminal || answer.json)
        while true {
            let frame = try top.frame()
            if answer.json {
                try Terminal.print(frame.canonicalBytes() + [UInt8(ascii: "\n")])
            } else {
                let text = TopText.text(of: frame, store: store.path)
                try Terminal.print(isLive ? Terminal.screen(text) : text)
            }
            if !isLive { return }
            try await Task.sleep(for: .seconds(every))
        }
    }
}

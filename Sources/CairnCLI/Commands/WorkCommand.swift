import ArgumentParser
import Cairn
import CanonicalJSON
import Determinism
import Jobs

/// The command `cairn work`.
struct WorkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "work", abstract: "Work on the jobs of queues until interrupted.",
        discussion: """
            Any number of these may work on one store; when one is killed, the others take over what it had. Ctrl-C or \
            SIGTERM: it begins nothing new, waits --grace for what runs, gives the rest back and ends with 0; a second \
            time: at once. The kind noop is always known; --handlers names a file with programs for other kinds.

            EXAMPLE
              cairn work --concurrency 8 --until-empty
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    @Option(help: "A queue to work on; may be repeated; without it all of them.")
    var queue: [String] = []

    @Option(help: "How many jobs run at once.")
    var concurrency = 16

    @Option(help: ArgumentHelp("How long a job may go without a sign of its worker.", valueName: "seconds"))
    var lease = 30.0

    @Option(help: ArgumentHelp("How long jobs may go on after an interruption.", valueName: "seconds"))
    var grace = 30.0

    @Flag(help: "End when nothing is left to do.")
    var untilEmpty = false

    func validate() throws {
        guard (1...100_000).contains(concurrency) else {
            throw ValidationError("--concurrency takes a number from 1 to 100,000; found \(concurrency)")
        }
        guard (1...86_400).contains(lease) else {
            throw ValidationError("--lease takes seconds from 1 to 86,400; found \(lease)")
        }
        guard (0...86_400).contains(grace) else {
            throw ValidationError("--grace takes seconds from 0 to 86,400; found \(grace)")
        }
    }

    func run() async throws {
        let store = try Store.open(at: store.path, .create)
        defer { store.close() }
        let session = QueueService(store).worker(
            QueueHandlers(), slots: concurrency, queues: queue.isEmpty ? nil : Set(queue),
            lease: LeasePolicy(length: Microseconds(Int64(lease * 1e6))), grace: Microseconds(Int64(grace * 1e6)),
            endsWhenEmpty: untilEmpty)
        let worker = session.worker
        Interrupts.handle(saying: .work, first: { worker.drain() }, second: { worker.stop() })
        let outcome = try await session.work()
        try answer.output.print(Ended(worker: session.id, outcome: outcome)) {
            outcome == .finished
                ? "nothing is left to do\n" : "stopped; what wasn't finished waits for another worker\n"
        }
    }
}

extension Interrupts.Words {
    static let work = Interrupts.Words(
        first: "stopping; once more gives back what runs\n", second: "giving back; once more ends at once\n")
}

private struct Ended: CanonicalEncodable {
    let worker: WorkerID
    let outcome: QueueWorker.Outcome

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("outcome", outcome == .finished ? "finished" : "drained")
        writer.field("worker", worker)
        writer.endObject()
    }
}

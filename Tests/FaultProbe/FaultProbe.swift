import EventLog
import Glibc

/// A process of its own for the fault tests: does one thing to a store until it is done or killed, and prints what came
/// of it, one fact a line, each line with a single write.
@main
struct FaultProbe {
    static func main() async {
        Lifeline.hold()
        do {
            try await run()
        } catch {
            Line.write("failed \(Line.name(of: error)): \(error)")
            exit(1)
        }
    }

    private static func run() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3 else { fatalError("usage: FaultProbe MODE DIRECTORY [ARGUMENT …]") }
        let directory = arguments[2]
        func text(_ place: Int) -> String { arguments.count > place + 3 ? arguments[place + 3] : "" }
        func number(_ place: Int) -> Int { Int(text(place)) ?? 0 }
        switch arguments[1] {
        case "append": try await Appending(seed: UInt64(number(0))).run(directory)
        case "turns": try await Appending.takeTurns(directory, stream: text(0), count: number(1))
        case "grow": try await Appending.grow(directory, name: text(0), count: number(1))
        case "subscribe": try await Subscribing.print(directory, from: Position(UInt64(number(0))))
        case "watch": try await Subscribing.watch(directory, from: Position(UInt64(number(0))))
        case "project": try await Projecting.follow(directory)
        case "digests": try Projecting.digests(directory)
        case "race": try await Racing.run(directory, stream: text(0), racers: number(1), barrier: text(2))
        case "fillLimited": try await FullDisk.limited(directory, bytes: number(0))
        case "fillMounted": FullDisk.mounted(directory, bytes: number(0))
        case "fillBallasted": try await FullDisk.ballasted(directory)
        case "open": Opening.report(directory)
        case "nobody": Opening.reportAsNobody(directory)
        case let other: fatalError("unknown mode \(other)")
        }
    }
}

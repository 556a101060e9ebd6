/// One contender of the bench, chosen by the first argument; prints its figures as one JSON object.
@main
struct CairnBench {
    static func main() async throws {
        var arguments = Arguments(CommandLine.arguments.dropFirst())
        switch arguments.word() {
        case "workload": try await Workload.write(&arguments)
        case "append": try await AppendCase.run(&arguments)
        case "appenders": try await AppendersCase.run(&arguments)
        case "batch": try await BatchCase.run(&arguments)
        case "scan": try ScanCase.run(&arguments)
        case "decode": try DecodeCase.run(&arguments)
        case "pace": try await PaceCase.run(&arguments)
        case "head": try QueueTimes.size(&arguments)
        case "times": try QueueTimes.run(&arguments)
        case "jobs": try await JobStore.run(&arguments)
        default: arguments.refuse()
        }
    }
}

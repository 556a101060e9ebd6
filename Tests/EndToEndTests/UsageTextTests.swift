import Cairn
import Determinism
import EventLog
import Jobs
import Replay
import Scoring
import Testing

@testable import CairnCLI

@Suite struct UsageTextTests {
    @Test func `a negative number that was taken for an option is named`() {
        #expect(
            UsageText.explained("Missing value for '--at <size>'", arguments: ["cairn", "audit", "head", "--at", "-3"])
                == "Missing value for '--at <size>': -3 begins with a dash, like an option; where a number may be below 0 "
                + "it is written --at=-3")
        #expect(
            UsageText.explained("name the event", arguments: ["cairn", "audit", "prove", "-3"])
                == "name the event (-3 was taken for an option: positions and sizes are numbers from 0)")
        let message = "Unknown option '-x'"
        #expect(UsageText.explained(message, arguments: ["cairn", "query", "runs", "-x", "--limit=-3"]) == message)
    }
}

@Suite struct UnknownOptionTests {
    private static func found(_ line: String) -> UnknownOption? {
        UnknownOption(in: line.split(separator: " ").map(String.init), of: CairnCommand.self)
    }

    @Test(arguments: [
        ("bundle prove-sample --modl careful --scenario s", "Unknown option '--modl'; did you mean “--model”?"),
        ("run --concurrency 0 --dry-rnu", "Unknown option '--dry-rnu'; did you mean “--dry-run”?"),
        ("bundle --ouput=x", "Unknown option '--ouput'; did you mean “--output”?"),
        ("submit -q", "Unknown option '-q'"), ("--xyzzy", "Unknown option '--xyzzy'"),
    ])
    func `an option that its command doesn't know is found, whatever else is wrong`(line: String, message: String) {
        #expect(Self.found(line)?.message == message)
    }

    @Test(arguments: [
        "run file.yaml --concurrency 0 --max-cost=1", "submit --priority -5", "query runs -- --xyz", "bundle -o x",
        "query runs --limit=-1 --help", "replay what-if --allow-live", "query", "", "nothing",
    ])
    func `what a command knows, numbers and words behind the end of options are none`(line: String) {
        #expect(Self.found(line) == nil)
    }

    @Test func `what another option is for isn't told with it`() {
        #expect(UsageText.withoutHelp("Error: a\nHelp:  -o  b\n  c\nUsage: d\n") == "Error: a\nUsage: d\n")
        #expect(UsageText.withoutHelp("Error: a\nUsage: d\n") == "Error: a\nUsage: d\n")
    }
}

@Suite struct RepeatedOptionTests {
    private static func found(_ line: String) -> RepeatedOption? {
        RepeatedOption(in: line.split(separator: " ").map(String.init), of: CairnCommand.self)
    }

    @Test(arguments: [
        ("replay what-if --prices a --prices b", "--prices"),
        ("replay what-if --ranking=mean --ranking mean", "--ranking"),
        ("query runs --store a --json --store b", "--store"), ("bundle -o x --output=y", "--output"),
        ("export csv --output x -o y", "-o"), ("run a.yaml --label x --label x --no-such-option", "--label"),
    ])
    func `an option that takes one value and is given again is found`(line: String, name: String) {
        #expect(Self.found(line)?.name == name)
        #expect(Self.found(line)?.message.contains("\(name) is given twice") == true)
    }

    @Test(arguments: [
        "export csv --table a --table b",
        "replay what-if --without model=a --without model=b --weights a=1 --weights b=1",
        "query runs --json --json", "query runs --at 1 --at 2 --help", "query sql --limit 1 -- --limit --limit",
        "submit --priority -5 --count -5", "bundle -o x --other", "nothing --a --a", "",
    ])
    func `what may be given again, and what is no option, is none`(line: String) {
        #expect(Self.found(line) == nil)
    }
}

@Suite struct ExecutionTextTests {
    private static let head = TreeHead(size: 2, root: Digest(of: "two events"))

    private static func report(_ recorded: TreeHead = head, sessions: Int, failure: String? = nil) -> ExecutionReport {
        ExecutionReport(
            head: head, recordedHead: recorded, sessions: sessions, copied: 0, firstDifference: nil, failure: failure)
    }

    @Test func `another head than the recorded one is different, and both are told`() {
        let recorded = TreeHead(size: 3, root: Digest(of: "three events"))
        #expect(
            ExecutionText.text(Self.report(recorded, sessions: 1, failure: "it ended early")) == """
                DIFFERENT: 2 events by 1 worker
                head \(Self.head.root.hex)
                recorded head \(recorded.root.hex)
                it ended early

                """)
        // Nothing was executed, and still it isn't what was recorded.
        #expect(ExecutionText.text(Self.report(recorded, sessions: 0)).hasPrefix("DIFFERENT: 2 events by 0 workers\n"))
    }

    @Test func `the same head is identical, or was only copied`() {
        let head = "head \(Self.head.root.hex)\n"
        #expect(ExecutionText.text(Self.report(sessions: 2)) == "identical: 2 events by 2 workers\n" + head)
        #expect(
            ExecutionText.text(Self.report(sessions: 0))
                == "nothing to execute again: 2 events copied as recorded\n" + head)
        var passed = Self.report(sessions: 0)
        passed.incomplete = [.init(worker: "w", run: nil, position: Position(1))]
        #expect(
            ExecutionText.text(passed).hasPrefix("nothing could be executed again: 2 events copied as recorded\n"))
    }
}

@Suite struct RankingTextTests {
    private static func ranking(_ method: RankingMethod) -> RankingComputed {
        RankingComputed(
            entries: [
                RankingEntry(
                    mean: 0.5, missing: 0, model: "one", rank: 1, scored: 4, value: method == .mean ? nil : 0.75),
                RankingEntry(mean: nil, missing: 4, model: "two", rank: 2, scored: 0),
            ], inputs: Digest(of: "inputs"), method: method, run: RunID(identifying: ["a run"]))
    }

    @Test func `a table has what the method ranks by`() {
        let lines = RankingText.table(Self.ranking(.winRate)).split(separator: "\n")
        #expect(
            lines.first?.split(separator: "  ").map { $0.trimmingCharacters() } == [
                "RANK", "MODEL", "WIN RATE", "MEAN", "SCORED", "MISSING",
            ])
        #expect(lines.dropFirst().first?.contains("0.7500  0.5000") == true, "\(lines)")
        #expect(RankingText.table(Self.ranking(.median)).contains("MEDIAN"))
        #expect(!RankingText.table(Self.ranking(.mean)).contains("0.7500"))
    }
}

@Suite struct ScoreChangesTests {
    @Test func `scores are changed, gone or new, and never two of these`() {
        let changes = WhatIf.ScoreChanges(from: ["a": 0.1, "b": 0.2, "c": 0.3], to: ["b": 0.2, "c": 0.4, "d": 0.5])
        #expect(changes == WhatIf.ScoreChanges(changed: 1, gone: 1, new: 1))
        #expect(WhatIf.ScoreChanges(from: ["a": 0.1], to: [:]) == WhatIf.ScoreChanges(changed: 0, gone: 1, new: 0))
        #expect(WhatIf.ScoreChanges(from: [:], to: ["a": 1.0]) == WhatIf.ScoreChanges(changed: 0, gone: 0, new: 1))
    }
}

extension Substring {
    fileprivate func trimmingCharacters() -> String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

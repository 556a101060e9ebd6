import CanonicalJSON
import EventLog
import Experiments
import LMDB
import Testing

@testable import CairnCLI

@Suite struct ProblemTests {
    @Test func `a problem is one object on one line, and a sentence for people`() throws {
        let problem = Problem(code: "usage", message: "no\nway", remedy: "another way")
        #expect(problem.words == "cairn: no\nway; another way\n")
        #expect(problem.line.count { $0 == "\n" } == 1)
        let object = try JSONParser.parse(Array(problem.line.utf8))
        #expect(object == ["error": ["code": "usage", "message": "no\nway", "remedy": "another way"]])
    }

    @Test func `mistakes in a file are told one by one`() throws {
        let mistake = ExperimentProblem(
            line: 3, column: 9, path: "models[0].provider", message: "none", remedy: "use one")
        let whole = ExperimentProblem(line: nil, column: nil, path: "", message: "the file is empty")
        let failure = Failure("x.yaml", ExperimentProblems([mistake, whole]))
        let object = try JSONParser.parse(Array(Problem(failure).line.utf8))["error"]
        #expect(
            object?["mistakes"] == [
                ["column": 9, "field": "models[0].provider", "line": 3, "message": "none", "remedy": "use one"],
                ["field": "", "message": "the file is empty"],
            ])
        #expect(object?["code"] == "usage")
    }

    @Test func `a store that isn't there has a remedy, and each trouble of a store its code`() {
        let absent = Self.problem(.notAStore, "opening", "there is no store.json")
        #expect(absent.code == "notAStore" && absent.remedy?.contains("cairn run FILE.yaml") == true)
        #expect(Self.problem(.full) == Problem(code: "full", message: "x: y"))
        #expect(Self.problem(.damaged(nil)).code == "damaged")
        #expect(Self.problem(.invalid).code == "usage")
        #expect(Self.problem(.inUse).code == "conflict")
    }

    private static func problem(_ code: LogError.Code, _ operation: String = "x", _ found: String = "y") -> Problem {
        let failure = LogError(code, during: operation, found)
        return Problem(failure, causedBy: failure)
    }

    @Test func `a full disk below the log has the same code`() {
        let error = LMDBError(code: .noSpace, operation: "x", message: "y")
        #expect(LogError.found(in: error) == LogError(.full, during: "x", "y"))
    }

    @Test func `a run without judges is told as that`() {
        #expect(RankingText.absence(unjudged: []).contains("when it has finished"))
        #expect(RankingText.absence(unjudged: ["4f"]).contains("the run 4f has finished and no judges"))
        #expect(RankingText.absence(unjudged: ["4f", "5g"]).contains("2 runs have finished and no judges"))
    }

    @Test func `JSON is asked for by an option, not by an argument`() {
        #expect(Problem.isJSON(["query", "runs", "--json"]))
        #expect(!Problem.isJSON(["query", "job", "--", "--json"]))
    }

    @Test(arguments: [
        (250_000_000, "0.25"), (1_000_000_000, "1.00"), (12_345_678_901, "12.345678901"), (120, "0.00000012"),
        (9_500_000_000, "9.50"),
    ])
    func `an option takes every digit of an amount and no more`(nano: Int, text: String) {
        #expect(Quantities.exactDollars(nano: nano) == text)
    }
}

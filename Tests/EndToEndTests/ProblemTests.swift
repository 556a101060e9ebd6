import CanonicalJSON
import EventLog
import Experiments
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
        let absent = Problem(LogError(.notAStore, during: "opening", "there is no store.json"))
        #expect(absent.code == "notAStore" && absent.remedy?.contains("cairn run FILE.yaml") == true)
        #expect(Problem(LogError(.full, during: "x", "y")) == Problem(code: "full", message: "x: y"))
        #expect(Problem(LogError(.damaged(nil), during: "x", "y")).code == "damaged")
        #expect(Problem(LogError(.invalid, during: "x", "y")).code == "usage")
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

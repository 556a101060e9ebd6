import Cairn
import SQLTables
import Testing

/// Questions are understood before anything is prepared for them.
@Suite struct SQLQuestionTests {
    @Test func aQuestionKnowsTheTablesThatItReads() throws {
        #expect(try SQLQuestion("SELECT count(*) FROM runs").tables.map(\.name) == ["runs"])
        #expect(
            try SQLQuestion("SELECT j.kind FROM turns t JOIN jobs j USING (job)").tables.map(\.name)
                == ["jobs", "turns"])
        #expect(try SQLQuestion("SELECT 1 FROM queues").tables.map(\.name) == ["queues"])
        #expect(try SQLQuestion("EXPLAIN QUERY PLAN SELECT * FROM runs").tables.isEmpty)
        #expect(try SQLQuestion("WITH a AS (SELECT 1 AS x) SELECT x FROM a").tables.isEmpty)
    }

    @Test(arguments: [
        "DELETE FROM runs", "DROP TABLE runs", "INSERT INTO runs (run) VALUES ('a')", "UPDATE runs SET stage = 'x'",
        "CREATE TABLE mine (a)", "ATTACH 'other.db' AS other", "PRAGMA journal_mode = DELETE", "VACUUM INTO 'copy.db'",
        "BEGIN",
    ])
    func whatIsNoQuestionIsRefused(sql: String) {
        let failure = #expect(throws: SQLFailure.self) { try SQLQuestion(sql) }
        #expect(failure?.code == .notReading, "\(sql): \(String(describing: failure))")
    }

    @Test(arguments: [
        ("SELEC 1", "syntax error"), ("SELECT * FROM nowhere", "no such table: nowhere"),
        ("SELECT colour FROM runs", "no such column: colour"), ("", "no question"), (" -- nothing", "no question"),
    ])
    func aMistakeIsToldWithWhatThereIs(sql: String, words: String) {
        let failure = #expect(throws: SQLFailure.self) { try SQLQuestion(sql) }
        #expect(failure?.code == .question, "\(sql): \(String(describing: failure))")
        #expect(failure?.description.contains(words) ?? false, "\(String(describing: failure))")
        #expect(failure?.remedy?.contains("rankings") ?? false)
    }

    @Test(arguments: [
        "SELECT 1; SELECT 2", "SELECT 1 FROM runs;\nSELECT 2 FROM jobs", "SELECT 1; SELEC 2",
        "SELECT 1; DROP TABLE runs",
    ])
    func severalStatementsAreRefusedInWordsOfOurOwn(sql: String) {
        let failure = #expect(throws: SQLFailure.self) { try SQLQuestion(sql) }
        #expect(failure?.code == .question)
        #expect(failure?.description == "there is more than one statement, and one question is answered at a time")
    }

    @Test func whatEndsAStatementIsNoSecondOne() throws {
        #expect(try SQLQuestion("SELECT count(*) FROM runs; -- how many\n").tables.map(\.name) == ["runs"])
    }

    @Test func twoColumnsOfOneNameAreRefused() {
        let failure = #expect(throws: SQLFailure.self) { try SQLQuestion("SELECT run, run FROM runs") }
        #expect(failure?.remedy == "name one with AS")
    }
}

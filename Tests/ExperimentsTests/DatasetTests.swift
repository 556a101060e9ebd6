import Determinism
import Experiments
import Testing

@Suite("Dataset")
struct DatasetTests {
    private func read(_ text: String, _ form: Dataset.Form, id: String? = "id") -> Result<Dataset, ExperimentProblems> {
        do throws(ExperimentProblems) {
            return .success(try Dataset.read(Array(text.utf8), form: form, idColumn: id))
        } catch {
            return .failure(error)
        }
    }

    private func problems(_ text: String, _ form: Dataset.Form, id: String? = "id") -> [String] {
        if case .failure(let problems) = read(text, form, id: id) { problems.problems.map(\.description) } else { [] }
    }

    @Test("columns of a CSV file become variables, quoted fields and an empty last one included")
    func csv() throws {
        let text = "id,text,note\na,\"two\nlines, \"\"quoted\"\"\",\n\nb,plain,"
        let dataset = try read(text, .csv).get()
        #expect(
            dataset.scenarios == [
                Scenario(id: "a", variables: ["id": "a", "note": "", "text": "two\nlines, \"quoted\""]),
                Scenario(id: "b", variables: ["id": "b", "note": "", "text": "plain"]),
            ])
        #expect(dataset.reference == DatasetReference(digest: Digest(of: text), rows: 2))
    }

    @Test("Windows line ends and a byte order mark are forgiven")
    func windows() throws {
        #expect(
            try read("\u{FEFF}id,x\r\na,1\r\nb,2\r\n", .csv).get().scenarios == [
                Scenario(id: "a", variables: ["id": "a", "x": "1"]),
                Scenario(id: "b", variables: ["id": "b", "x": "2"]),
            ])
    }

    @Test("members of JSON lines become variables, numbers and truth values as text")
    func jsonLines() throws {
        let text = "{\"id\": \"a\", \"n\": 1.50, \"ok\": true}\n\n{\"id\": \"b\"}\n"
        #expect(
            try read(text, .jsonLines).get().scenarios == [
                Scenario(id: "a", variables: ["id": "a", "n": "1.5", "ok": "true"]),
                Scenario(id: "b", variables: ["id": "b"]),
            ])
    }

    @Test("without a column for ids, rows are numbered")
    func numbered() throws {
        #expect(try read("x\n1\n2\n", .csv, id: nil).get().scenarios.map(\.id) == ["row-1", "row-2"])
    }

    @Test("a quote that is never closed swallows no rows in silence")
    func openQuote() {
        #expect(problems("id,x\na,\"1\nb,2\n", .csv).count == 1)
    }

    @Test("problems name the row, and all are reported")
    func rows() {
        #expect(
            problems("id,x\na,1\nb\na,3\nc d,4\n", .csv) == [
                "row 2: 1 fields under a header of 2",
                "row 3: the id “a” is that of row 1 too",
                "row 4: “c d” can't be an id; use letters, digits, “_”, “-” and “.”, at most 80 of them; or leave "
                    + "id_column out",
            ])
        #expect(problems("id,x,x\n", .csv) == ["two columns are named “x”"])
        #expect(problems("id,x\n", .csv) == ["there are no rows"])
        #expect(problems("name\nann\n", .csv, id: "nam") == ["row 1: there is no column “nam”; did you mean “name”?"])
        #expect(
            problems("{\"id\": \"a\", \"l\": []}\n[1]\n", .jsonLines) == [
                "row 1: “l” is neither text, number nor truth value", "row 2: a JSON object was expected",
            ])
        #expect(problems("\u{7B}\"id\": 1", .jsonLines).first?.hasPrefix("row 1: this isn't JSON: ") == true)
    }
}

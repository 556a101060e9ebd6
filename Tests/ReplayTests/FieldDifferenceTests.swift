import CanonicalJSON
import Replay
import Testing

@Suite struct FieldDifferenceTests {
    @Test func equalValuesHaveNone() throws {
        #expect(try differences(#"{"a":[1,{"b":null}]}"#, #"{"a":[1,{"b":null}]}"#).isEmpty)
    }

    @Test func eachChangedMissingAndAddedFieldIsNamedByItsPath() throws {
        let found = try differences(
            #"{"gone":1,"kept":true,"list":[1,2,3],"usage":{"input":7,"output":3}}"#,
            #"{"kept":true,"list":[1,5],"new":"x","usage":{"input":8,"output":3}}"#)
        #expect(
            found == [
                FieldDifference(path: "$.gone", recorded: .number(1), derived: nil),
                FieldDifference(path: "$.list[1]", recorded: .number(2), derived: .number(5)),
                FieldDifference(path: "$.list[2]", recorded: .number(3), derived: nil),
                FieldDifference(path: "$.usage.input", recorded: .number(7), derived: .number(8)),
                FieldDifference(path: "$.new", recorded: nil, derived: .string("x")),
            ])
    }

    @Test func valuesOfDifferentKindsDifferAsAWhole() throws {
        let found = try differences(#"{"a":{"b":1}}"#, #"{"a":[1]}"#)
        #expect(found.map(\.path) == ["$.a"])
    }

    private func differences(_ recorded: String, _ derived: String) throws -> [FieldDifference] {
        FieldDifference.between(
            recorded: try JSONParser.parse(Array(recorded.utf8)), derived: try JSONParser.parse(Array(derived.utf8)))
    }
}

import LMDB
import TestSupport
import Testing

@Suite struct LMDBErrorTests {
    @Test func `errors are equal only if all their fields are`() {
        let error = LMDBError(code: .mapFull, operation: "growing", message: "full")
        #expect(error == LMDBError(code: .mapFull, operation: "growing", message: "full"))
        #expect(error != LMDBError(code: .noSpace, operation: "growing", message: "full"))
        #expect(error != LMDBError(code: .mapFull, operation: "writing", message: "full"))
        #expect(error != LMDBError(code: .mapFull, operation: "growing", message: "empty"))
        #expect("\(error)" == "growing: full")
    }

    @Test func `an error names what was being done, and never a key or value`() throws {
        let store = try Store()
        let secret = Array("secret".utf8)
        var text = ""
        try store.environment.write { transaction in
            try transaction.put(secret, at: secret, in: store.bytes)
            do { try transaction.put(secret, at: secret, in: store.bytes, mode: .insert) } catch { text = "\(error)" }
        }
        #expect(text == "writing to table bytes: the key exists already, or isn't greater than the last one")
    }
}

import CanonicalJSON
import DeciderTestSupport
import Deciders
import Determinism
import EventLog
import Testing

@Suite struct EventCatalogueTests {
    private let log = MemoryLog()
    private let catalogue = EventCatalogue(DoorEvent.types)

    @Test func `upcasters chain from every old version`() async throws {
        let expected = DoorOpened(by: "me", closes: .epoch)
        let old = [(1, #"{"who":"me"}"#), (2, #"{"by":"me"}"#), (3, #"{"by":"me","closes":0}"#)]
        for (version, data) in old {
            let event = try await record(DoorOpened.type, version: version, data, in: log)
            #expect(try event.decode(DoorOpened.self) == expected)
            #expect(try catalogue.decode(event) as? DoorOpened == expected)
        }
    }

    @Test func `unknown types and newer versions pass through`() async throws {
        #expect(try catalogue.decode(await record(EventType("door.painted"), version: 1, "{}", in: log)) == nil)
        #expect(try catalogue.decode(await record(DoorOpened.type, version: 4, "{}", in: log)) == nil)
    }

    @Test(arguments: [51, 52] as [UInt64])
    func `whatever the data, decoding gives the payload that was encoded or an error`(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let payload = DoorOpened(
                by: String(generator.next(), radix: 36), closes: Timestamp(microseconds: Int64(generator.next() >> 12)))
            var bytes = payload.canonicalBytes()
            let sound = try await record(
                DoorOpened.type, version: 3, String(decoding: bytes, as: UTF8.self), in: log)
            #expect(try catalogue.decode(sound) as? DoorOpened == payload, "seed \(seed)")
            bytes[Int(generator.uniform(below: UInt64(bytes.count)))] = UInt8(generator.uniform(below: 128))
            let damaged = try await record(
                DoorOpened.type, version: 3, String(decoding: bytes, as: UTF8.self), in: log)
            if let decoded = try? damaged.decode(DoorOpened.self) {
                #expect(decoded.canonicalBytes() == damaged.dataBytes, "seed \(seed)")
            }
        }
    }

    @Test func `errors name the event and what is wrong with it`() async throws {
        func message(_ type: EventType, _ version: Int, _ data: String) async throws -> String {
            let event = try await record(type, version: version, data, in: log)
            do throws(CatalogueError) {
                _ = try event.decode(DoorOpened.self)
                return ""
            } catch {
                return "\(error)"
            }
        }
        #expect(try await message(DoorOpened.type, 4, "{}").contains("event 0 (door.opened v4): this program knows"))
        #expect(try await message(DoorOpened.type, 0, "{}").contains("no upcaster leads from version 0 to 1"))
        #expect(try await message(DoorOpened.type, 1, "{}").contains("the upcaster DoorOpenedV1ToV2 failed"))
        #expect(try await message(DoorOpened.type, 3, #"{"by":1}"#).contains("its data isn't what its schema says"))
        #expect(try await message(DoorClosed.type, 1, "{}").contains("door.opened was asked for"))
    }

    @Test func `merged catalogues know the types of both, in order`() {
        let merged = EventCatalogue([DoorOpened.self]).merging(EventCatalogue(DoorEvent.types))
        #expect(merged.types == [DoorClosed.type, DoorOpened.type])
        #expect(merged[DoorClosed.type] == DoorClosed.self)
    }

    @Test func `a family has a case for each of its types`() async throws {
        let reader = FamilyReader(DoorEvent.self)
        let event = try await record(DoorClosed.type, version: 1, "{}", in: log)
        #expect(try reader.read(event) == .closed(DoorClosed()))
    }
}

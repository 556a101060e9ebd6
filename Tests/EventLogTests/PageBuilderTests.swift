import Testing

@testable import EventLog

@Suite struct PageBuilderTests {
    @Test func `a page that begins anew leaves events that were kept as they are`() throws {
        let (_, batch) = try RecordCodec.encode(Sample.commit("s-1", .noStream, 0..<1_500))
        let records = (0..<batch.count).map { Array(batch.bytes[batch.range($0)]) }
        #expect(records.joined().count > 2 * PageBuilder.bufferBytes)
        var page = PageBuilder()
        var kept: [Event] = []
        for round in 0..<4 {
            let order = round.isMultiple(of: 2) ? records : records.reversed()
            for (place, record) in order.enumerated() {
                page.add(Position(UInt64(place)), record.span.bytes)
            }
            #expect(page.count == records.count && page.bytes == records.joined().count)
            var place = 0
            page.forEach { event in
                #expect(event.position.rawValue == UInt64(place))
                if event.record != order[place] { Issue.record("round \(round), place \(place)") }
                if (place + round).isMultiple(of: 100) { kept.append(event) }
                place += 1
            }
            #expect(place == records.count)
            page.removeAll()
            #expect(page.count == 0 && page.finish().isEmpty)
        }
        for event in kept {
            let record = event.record
            #expect(records.contains(record))
        }
    }
}

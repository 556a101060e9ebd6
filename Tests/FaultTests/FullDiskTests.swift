import EventLog
import Foundation
import TestSupport
import Testing

extension FaultTests {
    @Suite struct FullDiskTests {
        private static let outcome = [
            "refused full", "blob full", "full readable", "again fine", "roomy readable", "reopened fine",
            "reopened readable", "done",
        ]

        @Test func `a limit of file sizes refuses appends, reading goes on, and without it appending goes on`() throws {
            let directory = try TemporaryDirectory("full")
            let result = try FaultTests.probe("fillLimited", directory.path("store"), "3000000").result()
            #expect(result.status == 0)
            #expect(result.lines.filter { !$0.hasPrefix("ack ") } == FullDiskTests.outcome, "\(result.errorText)")
            let acknowledged = Acknowledgement.all(in: result)
            let size = try StoreCheck.expectSound(directory.path("store"), keeps: acknowledged).head.size
            #expect(acknowledged.reduce(0) { $0 + $1.count } == Int(size), "nothing landed that was refused")
        }

        @Test func `a full disk refuses appends, reading goes on, and when there is room appending goes on`() throws {
            let directory = try TemporaryDirectory("full")
            let probe = try FaultTests.probe("fillMounted", directory.path, "8000000")
            #expect(probe.wait { $0.hasSuffix("done\n") || $0.hasSuffix("cannot mount\n") })
            if probe.outputSoFar.hasSuffix("cannot mount\n") { return print("full disk: mounting is not allowed here") }
            // The file system is the probe's own: it is seen through the probe, and ends with it.
            let store = "/proc/\(probe.pid)/root\(directory.path("store"))"
            let log = try LMDBLog.open(at: store, LMDBLog.Options(access: .mustExist))
            let check = try StoreCheck(log)
            log.close()
            let result = probe.killNow()
            #expect(result.lines.filter { !$0.hasPrefix("ack ") } == FullDiskTests.outcome)
            let acknowledged = Acknowledgement.all(in: result)
            check.expect(acknowledged)
            #expect(acknowledged.reduce(0) { $0 + $1.count } == Int(check.head.size))
        }
    }
}

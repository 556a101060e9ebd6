import Foundation
import TestSupport
import Testing

@testable import Jobs

@Suite("Program guard", .timeLimit(.minutes(2)))
struct ProgramGuardTests {
    /// A process that leads a group, with another one in it that doesn't mind being asked to end.
    private struct Group {
        let directory: TemporaryDirectory
        let witness: Witness
        let child: ChildProcess

        init() throws {
            directory = try TemporaryDirectory("guard")
            witness = try Witness(directory)
            let script = "exec 9>witness; (trap '' TERM; sleep 1000) & echo >&9; echo begun; wait"
            child = try ChildProcess("/usr/bin/setsid", ["/bin/sh", "-c", script], directory: directory.path)
            #expect(child.wait(forLines: 1))
        }
    }

    @Test("what is left when nobody holds the other end is killed with its whole group, and nothing else")
    func leftovers() throws {
        let programs = ProgramGuard()
        let (first, second, ended) = (try Group(), try Group(), try Group())
        for group in [first, second, ended] { programs.watch(group.child.pid) }
        programs.release(ended.child.pid)
        programs.abandon()
        #expect(first.witness.sawEnd())
        #expect(second.witness.sawEnd())
        #expect(first.child.result().status == -SIGKILL)
        #expect(kill(-ended.child.pid, 0) == 0, "one that was released isn't touched")
        #expect(kill(-ended.child.pid, SIGKILL) == 0)
        #expect(ended.witness.sawEnd())
    }

    @Test("numbers that contain each other aren't mistaken")
    func numbers() throws {
        let programs = ProgramGuard()
        let group = try Group()
        // No process has these: they are beyond what a system gives out.
        let others = [1_000_000_001, 100_000_000, 10_000_000].map { pid_t($0) }
        for other in others { programs.watch(other) }
        programs.watch(group.child.pid)
        for other in others.reversed() { programs.release(other) }
        programs.abandon()
        #expect(group.witness.sawEnd())
    }

    @Test("it can be used again after it was abandoned")
    func again() throws {
        let programs = ProgramGuard()
        programs.watch(1_000_000_001)
        programs.abandon()
        let group = try Group()
        programs.watch(group.child.pid)
        programs.abandon()
        #expect(group.witness.sawEnd())
    }
}

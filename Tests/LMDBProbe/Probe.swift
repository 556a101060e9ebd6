import Glibc
import LMDB

/// A second process for the tests of `LMDB`: does one thing, and prints what came of it, one fact a line.
@main
struct Probe {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3 else { fatalError("usage: LMDBProbe COMMAND DIRECTORY [NUMBER]") }
        let directory = arguments[2]
        let number = arguments.count > 3 ? Int(arguments[3]) ?? 0 : 0
        switch arguments[1] {
        case "append": try append(directory, count: number)
        case "hold": try hold(directory)
        case "follow": try follow(directory)
        case "dieWriting": try dieWriting(directory)
        case "fillDisk": try fillDisk(directory, limit: number)
        case "fork": try useAfterFork(directory)
        case "asNobody": openAsNobody(directory)
        case "outOfAddresses": try growWithoutAddressSpace(directory)
        case let other: fatalError("unknown command \(other)")
        }
    }

    /// Appends entries, each in a transaction of its own, to a map that begins small.
    private static func append(_ directory: String, count: Int) throws {
        let environment = try Environment.open(at: directory, smallMap)
        let table = try environment.openTable("t", flags: [.integerKey])
        for _ in 0..<count { try appendOne(environment, table) }
        report("appended \(count)")
    }

    /// Opens a read transaction and keeps it until it is killed.
    private static func hold(_ directory: String) throws {
        let environment = try Environment.open(at: directory)
        try environment.read { _ in
            report("holding")
            while true { pause() }
        }
    }

    /// For each line of input, says how many entries there are.
    private static func follow(_ directory: String) throws {
        let environment = try Environment.open(at: directory, smallMap)
        let table = try environment.openTable("t", flags: [.integerKey])
        report("following")
        while readLine() != nil {
            report("count \(try environment.read { try $0.count(of: table) })")
        }
    }

    /// Is killed in the middle of a write.
    private static func dieWriting(_ directory: String) throws {
        let environment = try Environment.open(at: directory)
        let table = try environment.openTable("t", flags: [.integerKey])
        try environment.write { transaction in
            try transaction.put([1], at: 1, in: table)
            kill(getpid(), SIGKILL)
        }
    }

    /// Appends until no file may grow any more, then reads, then appends again with the limit gone.
    private static func fillDisk(_ directory: String, limit bytes: Int) throws {
        signal(SIGXFSZ, SIG_IGN)
        let environment = try Environment.open(at: directory)
        let table = try environment.openTable("t", flags: [.integerKey])
        setLimit(RLIMIT_FSIZE, UInt(bytes))
        var written = 0
        do {
            while true {
                try appendOne(environment, table)
                written += 1
            }
        } catch let error as LMDBError {
            report("refused \(error.code)")
        }
        report("readable \(try environment.read { try $0.count(of: table) } == written)")
        setLimit(RLIMIT_FSIZE, .max)
        try appendOne(environment, table)
        report("writable \(try environment.read { try $0.count(of: table) } == written + 1)")
    }

    /// Uses what the parent opened, and then something of its own.
    private static func useAfterFork(_ directory: String) throws {
        let environment = try Environment.open(at: directory)
        let table = try environment.openTable("t", flags: [.integerKey])
        try appendOne(environment, table)
        guard let symbol = dlsym(nil, "fork") else { fatalError("no fork") }
        let fork = unsafeBitCast(symbol, to: (@convention(c) () -> pid_t).self)
        let child = fork()
        if child == 0 {
            report("read \(code { _ = try environment.read { try $0.count(of: table) } })")
            report("write \(code { try appendOne(environment, table) })")
            environment.close()
            report(
                "own "
                    + code {
                        let own = try Environment.open(at: directory)
                        try appendOne(own, try own.openTable("t", flags: [.integerKey]))
                        own.close()
                    })
            _exit(0)
        }
        waitpid(child, nil, 0)
        report("parent \(try environment.read { try $0.count(of: table) })")
    }

    /// Opens as a user to whom the directory doesn't belong.
    private static func openAsNobody(_ directory: String) {
        if getuid() == 0 { setuid(65_534) }
        report("readWrite \(code { _ = try Environment.open(at: directory) })")
        var configuration = Environment.Configuration()
        configuration.access = .readOnly
        report("readOnly \(code { _ = try Environment.open(at: directory, configuration) })")
    }

    /// Must grow the map, but has no addresses left for it.
    private static func growWithoutAddressSpace(_ directory: String) throws {
        let environment = try Environment.open(at: directory, smallMap)
        let table = try environment.openTable("t", flags: [.integerKey])
        var configuration = environment.configuration
        configuration.access = .readOnly
        setLimit(RLIMIT_AS, addressesInUse() + 24 << 20)
        report("write \(code { while true { try appendOne(environment, table) } })")
        report("read \(code { _ = try environment.read { try $0.count(of: table) } })")
        setLimit(RLIMIT_AS, .max)
        environment.close()
        report("again \(code { _ = try Environment.open(at: directory, configuration) })")
    }

    private static func addressesInUse() -> UInt {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var text = [CChar](repeating: 0, count: 64)
        fgets(&text, Int32(text.count), file)
        return UInt(atol(text)) * UInt(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static var smallMap: Environment.Configuration {
        var configuration = Environment.Configuration()
        configuration.initialMapSize = 1 << 20
        configuration.durability = .noSync
        return configuration
    }

    private static func appendOne(_ environment: Environment, _ table: Table) throws {
        try environment.write { transaction in
            let next = try transaction.lastIntegerKey(in: table).map { $0 + 1 } ?? 0
            try transaction.put([UInt8](repeating: 1, count: 1_500), at: next, in: table, mode: .append)
        }
    }

    private static func code(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "fine"
        } catch let error as LMDBError {
            return "\(error.code)"
        } catch {
            return "\(error)"
        }
    }

    /// Sets the soft limit alone, so that it can be lifted again.
    private static func setLimit(_ resource: __rlimit_resource, _ value: rlim_t) {
        var limit = rlimit()
        getrlimit(Int32(resource.rawValue), &limit)
        limit.rlim_cur = min(value, limit.rlim_max)
        setrlimit(Int32(resource.rawValue), &limit)
    }

    private static func report(_ line: String) {
        print(line)
        fflush(nil)
    }
}

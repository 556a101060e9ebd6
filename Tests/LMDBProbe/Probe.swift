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
        case "flip": try flipBits(directory, seed: UInt64(number), count: 100)
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

    /// Changes one bit of a sound file after the other; after each, checks it and reads everything that the check lets by.
    private static func flipBits(_ directory: String, seed: UInt64, count: Int) throws {
        let file = directory + "/data.mdb"
        let sound = try contents(of: file)
        var state = seed
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        var found = 0
        for _ in 0..<count {
            var damaged = sound
            // Half of the bits in the first bytes of a page, where its structure is.
            let offset = next(2) == 0 ? next(sound.count) : next(sound.count / 4_096) * 4_096 + next(64)
            damaged[offset] ^= 1 << UInt8(next(8))
            write(damaged, to: file)
            report("flipped \(offset)")
            if code({ try readEverything(directory) }) != "fine" { found += 1 }
        }
        report("survived \(found > 0)")
    }

    private static func readEverything(_ directory: String) throws {
        let environment = try Environment.open(at: directory, smallMap)
        defer { environment.close() }
        try environment.check()
        let bytes = try environment.openTable("bytes", create: false)
        let integers = try environment.openTable("integers", flags: .integerKey, create: false)
        let duplicates = try environment.openTable(
            "duplicates", flags: [.integerKey, .dupSort, .dupFixed, .integerDup], create: false)
        var sum = 0
        try environment.read { transaction in
            for direction in [ScanDirection.forward, .backward] {
                try transaction.forEach(in: bytes, .all, direction) {
                    sum += touch($0) + touch($1); return true
                }
                try transaction.forEach(from: nil, in: integers, direction) {
                    sum += touch($1); return $0 < .max
                }
                try transaction.forEach(from: nil, in: duplicates, direction) {
                    sum += touch($1); return $0 < .max
                }
            }
        }
        try environment.write { transaction in
            try transaction.put([1], at: 1 << 40, in: integers)
            try transaction.appendDuplicate(1 << 40, at: 1 << 40, in: duplicates)
        }
    }

    private static func touch(_ bytes: RawSpan) -> Int {
        bytes.withUnsafeBytes { $0.reduce(0) { $0 &+ Int($1) } }
    }

    private static func contents(of file: String) throws -> [UInt8] {
        let descriptor = open(file, O_RDONLY)
        defer { close(descriptor) }
        var status = stat()
        fstat(descriptor, &status)
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        guard read(descriptor, &bytes, bytes.count) == bytes.count else { fatalError("can't read \(file)") }
        return bytes
    }

    private static func write(_ bytes: [UInt8], to file: String) {
        let descriptor = open(file, O_WRONLY | O_TRUNC)
        defer { close(descriptor) }
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else { fatalError("can't write \(file)") }
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

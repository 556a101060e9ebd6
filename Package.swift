// swift-tools-version: 6.2
import PackageDescription

// What each dependency is for (anything that isn't the log, projection, replay or provenance is left to others):
//   swift-argument-parser  the command line: parsing, help, completion
//   swift-log              structured logging behind one facade
//   swift-crypto           SHA-256 now, Ed25519 and AES-GCM for signed heads and encrypted blobs
//   swift-collections      Deque for queues
//   Hummingbird            HTTP server: the simulated provider now, the API later (swift-nio is what it stands on)
//   Yams                   experiment files, with line and column marks for error messages
//   SwiftCSV               datasets
//   swift-subprocess       users' programs as kinds of jobs: leads a process group, leaves our files closed, and shows that
//                          a program has ended before it is reaped, so that its group can still be ended safely
//   swift-system           the paths and file descriptors in swift-subprocess's interface
//   GRDB                   SQLite: exports for pandas, R and Datasette, and queries in SQL
//   liblmdb, libcurl, libzstd, zlib (system libraries)  the store, HTTP, compression of blobs, ZIP archives. (libarchive
//                          writes ZIP too, but its bytes depend on the time zone and the locale; bundles must not.)

let common: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]
let touchesC = common + [.strictMemorySafety()]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")

func library(_ name: String, _ dependencies: [Target.Dependency], settings: [SwiftSetting] = common) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(
    _ subject: String, _ dependencies: [Target.Dependency], exclude: [String] = [], settings: [SwiftSetting] = common
) -> Target {
    .testTarget(name: subject + "Tests", dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

let package = Package(
    name: "cairn",
    products: [
        .executable(name: "cairn", targets: ["CairnCLI"]),
        .library(name: "CanonicalJSON", targets: ["CanonicalJSON"]),
        .library(name: "LMDB", targets: ["LMDB"]),
        .library(name: "EventLog", targets: ["EventLog"]),
        .library(name: "Cairn", targets: ["Cairn"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swiftcsv/SwiftCSV", from: "0.10.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        // Floor 0: system libraries.
        .systemLibrary(name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"])]),
        // Not linked but loaded when something is to be sent: with what it needs it takes longer than most commands.
        .target(name: "CCurl", linkerSettings: [.linkedLibrary("dl")]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // Floor 1: know nothing of Cairn.
        library("CanonicalJSON", []),
        library("Determinism", [crypto]),
        library("LMDB", ["CLMDB"], settings: touchesC),
        library("HTTPTransport", ["CCurl"], settings: touchesC),
        library("Archive", ["CZlib"], settings: touchesC),

        // Floor 2: the log; the providers.
        library("EventLog", ["CanonicalJSON", "Determinism", "LMDB", "CZstd", deque, crypto], settings: touchesC),
        library("Providers", ["CanonicalJSON", "Determinism", "HTTPTransport"]),

        // Floor 3: deciding and projecting; the simulated providers.
        library("Deciders", ["EventLog", "Determinism", "CanonicalJSON"]),
        library("Projections", ["EventLog", "LMDB", "Determinism", "CanonicalJSON"]),
        library(
            "SimulatedProviders",
            [
                "CanonicalJSON", "Determinism", .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"), logging,
            ]),

        // Floor 4: jobs; replay and audit, which see no domain.
        library(
            "Jobs",
            [
                "Deciders", "Projections", "EventLog", "Determinism", "CanonicalJSON", logging,
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]),
        library("Replay", ["Deciders", "Projections", "EventLog", "Determinism", "CanonicalJSON"]),
        library("Audit", ["Deciders", "Projections", "EventLog", "Determinism", "CanonicalJSON"]),

        // Floors 5 to 7: the domains.
        library(
            "Calls",
            [
                "Jobs", "Providers", "HTTPTransport", "Deciders", "Projections", "EventLog", "Determinism",
                "CanonicalJSON", logging,
            ]),
        library(
            "Scoring",
            [
                "Calls", "Jobs", "Providers", "Deciders", "Projections", "EventLog", "Determinism", "CanonicalJSON",
                logging,
            ]),
        library(
            "Experiments",
            [
                "Scoring", "Calls", "Jobs", "Providers", "HTTPTransport", "Deciders", "Projections", "EventLog",
                "Determinism", "CanonicalJSON", logging, "Yams", "SwiftCSV",
            ]),

        // Floor 8: the composition root, which others embed.
        library(
            "Cairn",
            [
                "Experiments", "Scoring", "Calls", "Jobs", "Replay", "Audit", "Providers", "HTTPTransport", "Deciders",
                "Projections", "EventLog", "LMDB", "Determinism", "CanonicalJSON", "Archive", logging,
            ]),

        // Floor 9: SQLite, which a program that embeds Cairn needn't have.
        library("SQLTables", ["Cairn", "Audit", "Projections", "EventLog", "Determinism", "CanonicalJSON", grdb]),

        // Floor 10: arguments and printing.
        .executableTarget(
            name: "CairnCLI",
            dependencies: [
                "Cairn", "SQLTables", "SimulatedProviders", "Experiments", "Scoring", "Calls", "Jobs", "Replay",
                "Audit",
                "Providers", "HTTPTransport", "Deciders", "Projections", "EventLog", "Determinism", "CanonicalJSON",
                logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: common),

        // Tests mirror the targets.
        .target(name: "TestSupport", dependencies: [], path: "Tests/TestSupport", swiftSettings: common),
        .target(
            name: "DeciderTestSupport", dependencies: ["Deciders", "EventLog", "Determinism", "CanonicalJSON"],
            path: "Tests/DeciderTestSupport", swiftSettings: common),
        tests("CanonicalJSON", ["CanonicalJSON", "TestSupport"]),
        tests("Determinism", ["Determinism", "TestSupport"]),
        .executableTarget(name: "LMDBProbe", dependencies: ["LMDB"], path: "Tests/LMDBProbe", swiftSettings: common),
        tests("LMDB", ["LMDB", "LMDBProbe", "TestSupport"]),
        tests("HTTPTransport", ["HTTPTransport", "CCurl", "TestSupport"]),
        tests("Archive", ["Archive", "TestSupport"]),
        .executableTarget(
            name: "FaultProbe", dependencies: ["Projections", "EventLog", "Determinism", "CanonicalJSON"],
            path: "Tests/FaultProbe", swiftSettings: common),
        tests(
            "Fault", ["FaultProbe", "EventLog", "LMDB", "Determinism", "CanonicalJSON", "TestSupport"]),
        tests(
            "EventLog",
            ["EventLog", "DeciderTestSupport", "LMDB", "Determinism", "CanonicalJSON", "TestSupport"]),
        tests(
            "Deciders",
            ["Deciders", "DeciderTestSupport", "EventLog", "Determinism", "CanonicalJSON", "TestSupport"]),
        tests(
            "Projections",
            [
                "Projections", "Deciders", "DeciderTestSupport", "EventLog", "LMDB", "Determinism", "CanonicalJSON",
                "TestSupport",
            ]),
        tests(
            "Replay",
            ["Replay", "Projections", "Deciders", "EventLog", "Determinism", "CanonicalJSON", "TestSupport"]),
        .executableTarget(
            name: "AdapterProbe", dependencies: ["Providers", "HTTPTransport", "CanonicalJSON"],
            path: "Tests/SDKJudge/AdapterProbe", swiftSettings: common),
        tests(
            "Providers", ["Providers", "HTTPTransport", "Determinism", "CanonicalJSON", "TestSupport"],
            exclude: ["Examples"]),
        tests(
            "SimulatedProviders",
            [
                "SimulatedProviders", "Providers", "HTTPTransport", "Determinism", "CanonicalJSON", "TestSupport",
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        .executableTarget(
            name: "FixtureTool", dependencies: ["EventLog", "Determinism"], path: "Tests/FixtureTool",
            swiftSettings: common),
        // Makes stores for the bench.
        .executableTarget(
            name: "ReplayStore",
            dependencies: [
                "Scoring", "Calls", "Jobs", "Providers", "Deciders", "EventLog", "Determinism", "CanonicalJSON",
            ],
            path: "Tests/ReplayStore", swiftSettings: common),
        tests(
            "Fixture",
            [
                "Cairn", "Experiments", "Scoring", "Calls", "Jobs", "Audit", "Replay", "Projections", "EventLog",
                "Deciders", "DeciderTestSupport", "CanonicalJSON", "Determinism", "TestSupport",
            ]),
        tests(
            "Jobs",
            [
                "Jobs", "Projections", "Deciders", "DeciderTestSupport", "EventLog", "Determinism", "CanonicalJSON",
                "TestSupport",
            ]),
        tests(
            "Calls",
            [
                "Calls", "Jobs", "Replay", "Providers", "HTTPTransport", "Projections", "Deciders",
                "DeciderTestSupport", "EventLog", "Determinism", "CanonicalJSON", "TestSupport", logging,
            ]),
        tests(
            "Scoring",
            [
                "Scoring", "Calls", "Jobs", "Providers", "Projections", "Deciders", "DeciderTestSupport", "EventLog",
                "Determinism", "CanonicalJSON", "TestSupport",
            ]),
        tests(
            "Schema",
            [
                "Cairn", "Experiments", "SimulatedProviders", "Providers", "HTTPTransport", "Deciders", "EventLog",
                "CanonicalJSON", "TestSupport",
            ]),
        tests(
            "Experiments",
            [
                "Experiments", "Scoring", "Calls", "Jobs", "Replay", "Providers", "HTTPTransport", "Projections",
                "Deciders", "DeciderTestSupport", "EventLog", "Determinism", "CanonicalJSON", "TestSupport",
                logging,
            ]),
        tests(
            "Export",
            [
                "Cairn", "Experiments", "Scoring", "Calls", "Jobs", "Providers", "Audit", "Projections", "Deciders",
                "EventLog", "CanonicalJSON", "Determinism", "TestSupport",
            ]),
        tests(
            "SQLTables",
            [
                "SQLTables", "Cairn", "Audit", "Projections", "EventLog", "CanonicalJSON", "Determinism",
                "TestSupport", grdb,
            ]),
        tests(
            "EndToEnd",
            [
                "CairnCLI", "Cairn", "Scoring", "Experiments", "Calls", "Jobs", "Replay", "Providers",
                "SimulatedProviders",
                "EventLog", "LMDB", "CanonicalJSON", "Determinism", "TestSupport",
            ]),
    ]
)

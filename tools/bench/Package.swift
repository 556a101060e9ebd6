// swift-tools-version: 6.2
import PackageDescription

// Measures Cairn from outside: it sees only what the library products make public. Users of Cairn never build it.
let package = Package(
    name: "cairn-bench",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "cairn", path: "../..")],
    targets: [
        .executableTarget(
            name: "CairnBench",
            dependencies: [
                .product(name: "CanonicalJSON", package: "cairn"), .product(name: "EventLog", package: "cairn"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")])
    ]
)

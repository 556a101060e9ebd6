// Appended to the manifest by tools/mutate: the mutants' switchboard, below all that is mutated, and the program that tries
// them. Nothing else is built.
do {
    let mutated: Set<String> = [MODULES]
    for target in package.targets where mutated.contains(target.name) { target.dependencies.append("Mutation") }
    let others: Set<String> = ["CairnCLI", "SQLTables", "SimulatedProviders"]
    package.targets.removeAll { $0.isTest || $0.path != nil || others.contains($0.name) }
    package.targets += [
        .target(name: "Mutation", dependencies: ["EventLog", "Determinism"], swiftSettings: common),
        .executableTarget(
            name: "MutationProbe",
            dependencies: ["Mutation", "Cairn", "Audit", "Replay", "Deciders", "EventLog", "Determinism", "CanonicalJSON"],
            swiftSettings: common),
    ]
    package.products = [.executable(name: "MutationProbe", targets: ["MutationProbe"])]
    let unused = ["hummingbird", "swift-nio", "swift-argument-parser", "GRDB.swift"]
    package.dependencies.removeAll { dependency in
        if case .sourceControl(_, let url, _) = dependency.kind { return unused.contains { url.hasSuffix($0) } }
        return false
    }
}

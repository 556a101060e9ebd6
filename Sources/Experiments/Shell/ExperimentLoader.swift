package import Determinism
import Glibc
package import Providers

/// Reads an experiment from disk, with the dataset that it names.
package enum ExperimentLoader {
    /// A file that can't be read.
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package let path: String
        package let reason: String

        package var description: String { reason }
    }

    /// Larger files than anybody writes by hand.
    static let largestExperiment = 4 << 20
    static let largestDataset = 256 << 20

    /// Loads the experiment at a path; `environment` answers with the value of a variable, as `OPENAI_BASE_URL`.
    ///
    /// Throws `Failure` when the file can't be read and `ExperimentProblems` when it is wrong.
    package static func load(
        _ path: String, environment: (String) -> String? = { _ in nil }
    ) throws -> ExperimentDefinition {
        try experiment(path, environment: environment).definition
    }

    /// The same with the settings that aren't part of the definition.
    ///
    /// `prices` is the path of a table in LiteLLM's form; it wins over one that the experiment names, and a model's own
    /// prices win over both.
    package static func experiment(
        _ path: String, prices: String? = nil, simulation: @escaping SimulationCheck = { _ in nil },
        environment: (String) -> String? = { _ in nil }
    ) throws -> Experiment {
        let bytes = try read(path, limit: largestExperiment)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let problem = ExperimentProblem(
                line: nil, column: nil, path: "", message: "the file isn't UTF-8", remedy: "save it as UTF-8")
            throw ExperimentProblems([problem])
        }
        var baseURLs: [String: String] = [:]
        for provider in ModelCatalogue.providers {
            baseURLs[provider.name] = provider.baseURLVariables.compactMap(environment).first { !$0.isEmpty }
        }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        var table = PriceTable()
        if let prices { table = try Self.prices(prices) }
        let surroundings = ExperimentFile.Surroundings(
            baseURLs: baseURLs, prices: table, simulation: simulation
        ) { name in
            try read(name.hasPrefix("/") ? name : folder + name, limit: largestDataset)
        }
        return try ExperimentFile.experiment(text, surroundings: surroundings)
    }

    private static func prices(_ path: String) throws -> PriceTable { try priceTable(path).table }

    /// A table of prices in LiteLLM's form, and the digest of the file.
    package static func priceTable(_ path: String) throws -> (table: PriceTable, digest: Digest) {
        let bytes = try read(path, limit: largestDataset)
        do throws(PriceTableError) {
            return (try PriceTable(liteLLM: bytes), Digest(of: bytes))
        } catch {
            throw Failure(path: path, reason: error.message)
        }
    }

    static func read(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Failure(path: path, reason: lastError()) }
        defer { close(file) }
        var bytes: [UInt8] = []
        let size = 1 << 16
        while true {
            let part = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                count = Glibc.read(file, buffer.baseAddress, size)
                if count < 0 { count = 0 }
            }
            let failed = part.isEmpty && Glibc.read(file, nil, 0) < 0
            if failed { throw Failure(path: path, reason: lastError()) }
            if part.isEmpty { return bytes }
            bytes += part
            guard bytes.count <= limit else {
                throw Failure(path: path, reason: "larger than \(limit >> 20) MiB, the limit of such a file")
            }
        }
    }

    private static func lastError() -> String {
        strerror(errno).map { String(cString: $0) } ?? "error \(errno)"
    }
}

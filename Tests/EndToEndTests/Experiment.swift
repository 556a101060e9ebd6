/// An experiment file for a test.
struct Experiment {
    var provider = "simulated"
    /// Only for a server that the test runs: it then outlives the program.
    var baseURL: String?
    var keyVariable: String?
    var models = ["sim-careful", "sim-hasty"]
    var scenarios = 3
    var turns = 2
    var hasJudge = true
    var concurrency = 20
    var timeoutSeconds = 30
    var maxAttempts = 5
    /// The lines of `simulation`.
    var simulation: [String] = []
    /// More fields of every model.
    var modelFields = ""
    /// More lines of the file.
    var settings: [String] = []

    private func model(_ name: String, role: String = "") -> String {
        let place = (baseURL.map { ", base_url: \"\($0)\"" } ?? "") + (keyVariable.map { ", api_key_env: \($0)" } ?? "")
        return "  - {id: \(name), provider: \(provider), model: \(name)\(place)\(role)\(modelFields)}"
    }

    /// Each scenario has a text of its own, so that no two calls have the same body.
    var text: String {
        var lines = ["name: end-to-end", "models:"] + models.map { model($0) }
        if hasJudge { lines.append(model("sim-judge", role: ", role: judge")) }
        lines.append("scenarios:")
        lines += (0..<scenarios).map { "  - {id: s\($0), variables: {topic: \"virtue number \($0)\"}}" }
        lines += ["preamble: You answer in two sentences.", "turns:", "  - prompt: \"What is {{topic}}?\""]
        lines += (1..<max(turns, 1)).map { "  - prompt: Tell me more about aspect \($0)." }
        if hasJudge {
            lines += [
                "judges:", "  - id: quality", "    model: sim-judge", "    criteria:",
                "      - {id: clear, description: Easy to understand}",
                "      - {id: sound, description: Nothing in it is wrong, weight: 2}",
            ]
        }
        lines.append(
            "limits: {concurrency: \(concurrency), timeout_seconds: \(timeoutSeconds), max_attempts: \(maxAttempts)}")
        lines.append("retry: {base_ms: 5, cap_ms: 20}")
        lines += settings
        if !simulation.isEmpty { lines += ["simulation:"] + simulation.map { "  " + $0 } }
        return lines.joined(separator: "\n") + "\n"
    }

    /// How many calls it takes when every answer can be used.
    var calls: Int { models.count * scenarios * (turns + (hasJudge ? 1 : 0)) }
    var cells: Int { models.count * scenarios }
}

/// How a probing job tells of the call that it failed at: a fork that gives a call up sooner says the same.
package enum ProbeFailure {
    package static func message(turn: Int, detail: String) -> String { "turn \(turn): \(detail)" }
}

/// What the argument parser says, in words that help: negative numbers it takes for options.
enum UsageText {
    /// The message, with what stands behind it if that was a negative number.
    static func explained(_ message: String, arguments: [String]) -> String {
        guard let place = arguments.dropFirst().firstIndex(where: isNegative) else { return message }
        let number = arguments[place]
        let option = arguments[place - 1]
        if message.hasPrefix("Missing value for '\(option) ") || message == "Missing value for '\(option)'" {
            return "\(message): \(number) begins with a dash, like an option; where a number may be below 0 it is "
                + "written \(option)=\(number)"
        }
        return "\(message) (\(number) was taken for an option: positions and sizes are numbers from 0)"
    }

    /// The message and the usage, without what an option is for that has nothing to do with the message.
    static func withoutHelp(_ text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let usage = lines.firstIndex(where: { $0.hasPrefix("Usage: ") }),
            let help = lines.firstIndex(where: { $0.hasPrefix("Help: ") }), help < usage
        else { return text }
        return (lines[..<help] + lines[usage...]).joined(separator: "\n")
    }

    private static func isNegative(_ argument: String) -> Bool {
        argument.first == "-" && argument.dropFirst().first?.isNumber == true
    }
}

/// What the argument parser says of negative numbers, in words that help: it takes them for options.
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

    private static func isNegative(_ argument: String) -> Bool {
        argument.first == "-" && argument.dropFirst().first?.isNumber == true
    }
}

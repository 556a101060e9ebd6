extension String {
    /// The text as it may stand in a line for people, whoever wrote it.
    ///
    /// Control characters become pictures of them, so that it neither begins another line nor tells a terminal what to
    /// do; what turns the direction of writing is taken out.
    package var inOneLine: String {
        if !unicodeScalars.contains(where: { $0.actsOnLines }) { return self }
        var scalars = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            let picture = scalar.value < 0x20 ? Unicode.Scalar(0x2400 + scalar.value) : "\u{FFFD}"
            scalars.append(scalar.actsOnLines ? picture ?? "\u{FFFD}" : scalar)
        }
        return String(scalars)
    }
}

extension Unicode.Scalar {
    /// Control characters, line separators, and the marks and overrides of Unicode's bidirectional algorithm (UAX #9).
    fileprivate var actsOnLines: Bool {
        switch value {
        case 0..<0x20, 0x7F...0x9F, 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}

import Providers

extension Budget {
    /// Dollars in decimal, as `12.50`, in nano-dollars; nil for anything else, and beyond 9,007,199 dollars.
    package static func nanoDollars(_ text: String) -> Int? { PicoDollars.nano(dollars: text) }
}

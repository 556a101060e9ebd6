/// A number with what is counted, as in `1 event` and `2000 events`.
func counted(_ number: some BinaryInteger, _ thing: String) -> String {
    "\(number) \(thing)\(number == 1 ? "" : "s")"
}

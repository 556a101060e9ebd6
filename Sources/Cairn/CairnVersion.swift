/// Which Cairn this is.
public enum CairnVersion {
    /// As `cairn --version` prints it.
    public static let text = "0.1.0"
}

/// An error of what works with a store, which may have a failure of the store itself as its cause.
///
/// Programs are told the store's code then, such as `full`, wherever that was met.
package protocol StoreFailure: Error {
    /// Nil where the store isn't the trouble.
    var storeFailure: LogError? { get }
}

import Glibc

/// Who uses the program, as events record it.
package enum Person {
    /// The name of the system's user, or their number where they have none.
    package static var current: String {
        let id = getuid()
        guard let entry = getpwuid(id), let name = entry.pointee.pw_name, name.pointee != 0 else { return "user \(id)" }
        return String(cString: name)
    }
}

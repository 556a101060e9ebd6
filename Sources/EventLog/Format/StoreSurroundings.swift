import Glibc

/// Where stores are around a path: a store's directory holds its own files and nobody else's.
package enum StoreSurroundings {
    /// Refuses a path in a store's directory, links resolved, for what isn't a part of that store.
    package static func refuse(_ path: String, during operation: String) throws(LogError) {
        guard let store = store(around: path) else { return }
        throw LogError(
            .invalid, during: operation,
            "\(path) is in the directory of the store \(store), which holds nothing but its own files; name a place "
                + "outside it")
    }

    /// The directory of the nearest store that a path is in, or is; nil when there is none.
    static func store(around path: String) -> String? {
        guard var place = nearest(path) else { return nil }
        while true {
            if isStore(place) { return place }
            guard let slash = place.lastIndex(of: "/"), place != "/" else { return nil }
            place = slash == place.startIndex ? "/" : String(place[..<slash])
        }
    }

    /// Others have files named store.json, too.
    private static func isStore(_ directory: String) -> Bool {
        [StoreManifest.fileName, "log/data.mdb"].allSatisfy { unsafe access(directory + "/" + $0, F_OK) == 0 }
    }

    /// Where a path leads that is there, without links; nil for one that isn't.
    package static func resolved(_ path: String) -> String? {
        guard let text = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }

    /// The same for the nearest directory around a path, or itself, that is there.
    package static func nearest(_ path: String) -> String? {
        var path = path[...]
        while true {
            while path.count > 1, path.hasSuffix("/") { path.removeLast() }
            if let resolved = resolved(String(path)) { return resolved }
            if path == "/" || path == "." || path.isEmpty { return nil }
            guard let slash = path.lastIndex(of: "/") else {
                path = "."
                continue
            }
            path = slash == path.startIndex ? "/" : path[..<slash]
        }
    }
}

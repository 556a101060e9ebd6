package import EventLog
import Glibc
import LMDB

extension Store {
    /// Judges each page of the read models of a store before any is believed; without any there is nothing to judge.
    package static func checkViews(at path: String) throws(LogError) {
        let views = path + "/views"
        guard access(views + "/data.mdb", F_OK) == 0 else { return }
        var configuration = Environment.Configuration()
        configuration.access = .readOnly
        do throws(LMDBError) {
            let environment = try Environment.open(at: views, configuration)
            defer { environment.close() }
            try environment.check()
        } catch {
            // Of all else whoever opens them says what is wrong.
            guard error.code == .corrupted else { return }
            throw LogError(
                .damaged(nil), during: "checking the read models in \(views)",
                "their file was changed or cut short; nothing of the record is lost: remove the directory, and the next "
                    + "question makes them again from the events")
        }
    }
}

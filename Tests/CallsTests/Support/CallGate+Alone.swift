import Jobs

@testable import Calls

extension CallGate {
    /// Admits a call of a job outside of any pool.
    func admit(_ ticket: CallTicket) async throws -> CallAdmission { try await admit(ticket, in: JobSlot()) }
}

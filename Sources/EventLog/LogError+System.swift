import Glibc

extension LogError {
    /// What it means that a system call on a store's files has just failed, by `errno`.
    package static func system(_ operation: String) -> LogError {
        let number = errno
        let message = unsafe String(cString: strerror(number))
        switch number {
        case EACCES, EPERM, EROFS:
            return LogError(.readOnly, during: operation, message + "; check the owner and mode of the directory")
        case ENOSPC, EDQUOT, EFBIG:
            return LogError(.full, during: operation, message + "; free space and try again")
        default: return LogError(.other, during: operation, message)
        }
    }
}

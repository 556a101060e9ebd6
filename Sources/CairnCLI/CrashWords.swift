import Glibc

/// What is said when the process is ended by what it read.
///
/// LMDB believes the pages of its files: one that somebody changed, or a file that was cut short, can end a process. Only
/// `cairn audit verify` and a few other commands look at each page first.
enum CrashWords {
    private static let text: StaticString = """
        cairn: ended while reading; if files of the store were changed or cut short, `cairn audit verify` says where

        """

    /// The signal then does what it would have done.
    static func arrange() {
        // Made now: the handler may not.
        _ = text.utf8Start
        for number in [SIGBUS, SIGSEGV, SIGABRT] {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { number in
                // Nothing here may allocate, or take a lock.
                _ = write(STDERR_FILENO, CrashWords.text.utf8Start, CrashWords.text.utf8CodeUnitCount)
                raise(number)
            }
            action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND)) | SA_NODEFER
            sigaction(number, &action, nil)
        }
    }
}

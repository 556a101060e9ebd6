import Glibc

/// The words after the program's name, taken one by one.
struct Arguments {
    private var words: ArraySlice<String>

    init(_ words: ArraySlice<String>) { self.words = words }

    /// The next word; ends the program when there is none.
    mutating func word() -> String { words.popFirst() ?? refuse() }

    /// The next word as a number; ends the program when it is none.
    mutating func number() -> Int { Int(word()) ?? refuse() }

    /// Prints what may be asked for, and ends the program.
    @discardableResult
    func refuse<Value>() -> Value {
        print(
            """
            cairn-bench workload FILE EVENTS                  records of about 400 bytes, in commits of 1,000
            cairn-bench append FILE STORE INFLIGHT            appends them through LMDBLog
            cairn-bench appenders STORE TASKS EVENTS          single typed events from many tasks
            cairn-bench batch STORE JOBS SIZE INFLIGHT together|apart
                                                              three commits of one event for each job, in batches
            cairn-bench scan STORE PASSES                     reads every byte of every record
            cairn-bench decode STORE canonical|foundation     reads the data of every event as JSON
            cairn-bench jobs STORE JOBS                       makes a store of completed jobs
            cairn-bench pace STORE JOBS RATE                  submits jobs that do nothing, so many a second
            cairn-bench head STORE                            how many events a log has
            cairn-bench times STORE                           when the jobs of a store's queues were begun and done
            """)
        exit(2)
    }

    /// Prints what may be asked for, and ends the program.
    func refuse() { let _: Int = refuse() }
}

/// Of workers, and of what they spend.
extension EventSamples {
    static let workers: [(type: String, samples: [String])] = [
        (
            "worker.started",
            [
                #"{"concurrency":16,"run":"r"}"#,
                #"{"concurrency":4,"host":"node-1","process":4711,"queues":["gpu","é"]}"#,
                #"{"concurrency":4,"host":"node-1","process":4711,"queues":[]}"#,
            ]
        ),
        ("worker.drainRequested", [#"{"reason":"signal"}"#, #"{"reason":"stopRequested"}"#]),
        (
            "worker.kindResumed",
            [#"{"by":"Zoë","kind":"analyse"}"#, #"{"by":"Zoë","kind":"analyse","note":"mended"}"#]
        ),
        (
            "retryBudget.spent",
            [
                #"{"at":9,"calls":12,"debt":66000000,"retries":[{"attempt":2,"job":"j","wait":6000000}],"saved":4}"#,
                #"{"at":0,"calls":0,"debt":0,"retries":[],"saved":0}"#,
            ]
        ),
        ("worker.kindPaused", [#"{"crashes":20,"kind":"analyse","reason":"20 crashes in 41 s, the last: signal 11"}"#]),
        ("worker.stopped", [#"{"reason":"finished"}"#, #"{"reason":"drained"}"#, #"{"reason":"failed"}"#]),
    ]
}

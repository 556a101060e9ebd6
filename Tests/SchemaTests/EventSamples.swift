/// Valid data of every type of event, with each optional field once there and once absent.
enum EventSamples {
    private static let digest = String(repeating: "0a", count: 32)
    private static let labels = #"{"judge":"quality","model":"careful","sample":1,"scenario":"spring"}"#
    private static let exchange = #"""
        {"body":"\#(digest)","firstByte":62338,"firstToken":63000,"headers":{"retry-after":"1","x-request-id":""},"queued":0,\#
        "status":200,"total":64513}
        """#
    private static let bareExchange = #"""
        {"body":"\#(digest)","firstByte":0,"headers":{},"queued":9,"status":100,"total":9007199254740991}
        """#

    /// Canonical JSON by type.
    static let all: [(type: String, samples: [String])] =
        jobs + ofQueues + calls + scores + runs
        + workers + accesses + forks + [("log.withheld", ["{}"])]

    /// Data that combines what is right by itself.
    static let contradictions: [(type: String, data: String)] = [
        (
            "llm.callFailed",
            #"""
            {"attempt":1,"class":"network","detail":"x","exchange":\#(bareExchange),"mayBeCharged":true,\#
            "retryable":true,"transport":\#
            {"kind":"reset","message":"x","total":0}}
            """#
        ),
        ("llm.callFailed", #"{"attempt":1,"class":"network","detail":"x","mayBeCharged":true,"retryable":true}"#),
        ("job.resultLate", #"{"attempt":1,"class":"timeout","result":{},"worker":"w"}"#),
        ("worker.started", #"{"concurrency":1,"host":"h","process":1,"queues":[],"run":"r"}"#),
        ("worker.started", #"{"concurrency":1,"host":"h","queues":[]}"#),
        ("uniqueKey.taken", #"{"hold":"duration","holder":"j","key":"k","run":"r","scope":"store"}"#),
        ("uniqueKey.taken", #"{"hold":"untilFinished","holder":"j","key":"k","run":"r","scope":"store","until":1}"#),
        ("uniqueKey.taken", #"{"hold":"untilFinished","holder":"j","key":"k","run":"r","scope":"queue"}"#),
        (
            "uniqueKey.taken",
            #"{"hold":"whileWaiting","holder":"j","key":"k","run":"r","scope":"store","scopeName":"q"}"#
        ),
        (
            "job.submitted",
            #"""
            {"after":["j"],"kind":"p","labels":{},"lane":"l","maxAttempts":1,"ordinal":0,"run":"r","terms":{"input":1,\#
            "join":"allDone","parents":[],"priority":0,"retry":{"attempts":1,"base":0,"cap":0}}}
            """#
        ),
    ]

    private static let jobs: [(type: String, samples: [String])] = [
        (
            "job.submitted",
            [
                #"""
                {"after":["job-1","a.b:c_D"],"kind":"judge","labels":{"model":"a","sample":"1"},"lane":"openai",\#
                "maxAttempts":3,"ordinal":17,"run":"run-1"}
                """#,
                #"""
                {"after":[],"kind":"p","labels":{},"lane":"é","maxAttempts":1,"ordinal":0,"run":"r"}
                """#,
                #"""
                {"after":[],"kind":"embed","labels":{"tag":"night"},"lane":"gpu","maxAttempts":5,"ordinal":0,"run":"r",\#
                "terms":{"deadline":1795255491807212,"input":{"n":[1,2.5,null]},"join":"anyFailed","name":"load",\#
                "notBefore":-1,"parents":[{"count":3,"first":"01k9xw3mzq00000000000000zz","onFailure":"continue"},\#
                {"count":1,"first":"job-1","onFailure":"skip"}],"priority":-100,"retry":{"attempts":5,"base":1000000,\#
                "cap":600000000},"timeout":60000000}}
                """#,
                #"""
                {"after":[],"kind":"p","labels":{},"lane":"l","maxAttempts":1,"ordinal":0,"run":"r","terms":\#
                {"input":null,"join":"allDone","parents":[],"priority":0,"retry":{"attempts":1,"base":0,"cap":0},\#
                "unique":{"hold":"duration","key":"é","length":0,"onConflict":"keepLatest","scope":"store"}}}
                """#,
                #"""
                {"after":[],"kind":"p","labels":{},"lane":"l","maxAttempts":1,"ordinal":0,"run":"r","terms":\#
                {"input":null,"join":"allDone","parents":[],"priority":0,"retry":{"attempts":1,"base":0,"cap":0},\#
                "unique":{"hold":"untilStarted","key":"nightly","onConflict":"replaceWaiting","scope":"kind"}}}
                """#,
            ]
        ),
        ("job.leased", [#"{"attempt":1,"deadline":1795255491807212,"worker":"w-1"}"#]),
        ("job.leaseRenewed", [#"{"attempt":2,"deadline":-1,"worker":"w-1"}"#]),
        (
            "job.completed",
            [
                #"{"attempt":1,"result":{"round":0,"total":0.4375},"worker":"w"}"#,
                #"{"attempt":1,"result":{},"worker":"w"}"#,
            ]
        ),
        (
            "job.failed",
            [
                #"""
                {"attempt":3,"class":"rateLimit","final":true,"message":"HTTP 429","retryable":false,"worker":"w"}
                """#,
                #"""
                {"attempt":1,"class":"busy","final":false,"message":"m","provider":"o","retryable":true,"worker":"w"}
                """#,
            ]
        ),
        (
            "job.retryScheduled",
            [
                #"{"attempt":2,"delay":0,"notBefore":1795255491807212}"#,
                #"{"attempt":2,"budget":{"provider":"openai","wait":6000000},"delay":6500000,"notBefore":1}"#,
            ]
        ),
        (
            "job.leaseExpired",
            [
                #"{"attempt":1,"crashes":1,"deadline":0,"reason":"deadline","worker":"w"}"#,
                #"{"attempt":1,"crashes":3,"deadline":5,"reason":"workerGone","worker":"w"}"#,
            ]
        ),
        ("job.released", [#"{"attempt":1,"worker":"w"}"#]),
        (
            "job.skipped",
            [
                #"{"rootCause":"job-1","rootClass":"contentPolicy"}"#,
                #"{"quiet":true,"rootCause":"job-1","rootClass":"noFailure"}"#,
            ]
        ),
        ("job.retryRequested", [#"{"by":"Zoë"}"#, #"{"by":"Zoë","note":"mended"}"#]),
    ]

    private static let ofQueues: [(type: String, samples: [String])] = [
        (
            "job.cancelled",
            [
                #"{"by":"Zoë","note":"wrong data","reason":"requested"}"#, #"{"by":"cairn","reason":"deadline"}"#,
                #"{"by":"cairn","reason":"replaced"}"#,
            ]
        ),
        ("job.crashed", [#"{"attempt":1,"crashes":2,"message":"ended by signal 9: out of memory","worker":"w"}"#]),
        ("job.deferred", [#"{"attempt":1,"notBefore":1795255491807212,"reason":"41,000 of 40,000","worker":"w"}"#]),
        (
            "job.progressed",
            [
                #"{"attempt":1,"message":"page 4 of 10","thousandths":400,"worker":"w"}"#,
                #"{"attempt":2,"thousandths":0,"worker":"w"}"#,
            ]
        ),
        (
            "job.resultLate",
            [
                #"{"attempt":1,"class":"timeout","worker":"w"}"#, #"{"attempt":1,"result":{"n":1},"worker":"w"}"#,
                #"{"attempt":1,"result":{},"worker":"w"}"#,
            ]
        ),
        (
            "job.unlocked",
            [
                #"{"attempt":1,"by":"Zoë","note":"its machine is gone","worker":"w"}"#,
                #"{"attempt":1,"by":"Zoë","worker":"w"}"#,
            ]
        ),
        (
            "job.keyLost",
            [
                #"{"holder":"job-2","key":"01k9xw3mzq00000000000000zz","reason":"existing"}"#,
                #"{"holder":"job-2","key":"k","reason":"taken"}"#,
            ]
        ),
        (
            "uniqueKey.taken",
            [
                #"{"hold":"untilFinished","holder":"j","key":"nightly é","run":"r","scope":"queue","scopeName":"gpu"}"#,
                #"{"hold":"whileWaiting","holder":"j","key":"k","run":"r","scope":"kind","scopeName":"embed"}"#,
                #"{"behind":"job-1","hold":"untilStarted","holder":"j","key":"k","run":"r","scope":"store"}"#,
                #"{"hold":"duration","holder":"j","key":"k","run":"r","scope":"store","until":1795255491807212}"#,
            ]
        ),
        (
            "queue.configured",
            [#"{"by":"Zoë","concurrency":4,"draining":false}"#, #"{"by":"Zoë","draining":true}"#]
        ),
        ("queue.paused", [#"{"by":"cairn","note":"20 restarts in a minute"}"#, #"{"by":"Zoë"}"#]),
        (
            "queue.pruned",
            [
                #"""
                {"by":"Zoë","cancelled":0,"completed":3,"dead":1,"jobs":[{"count":1,"first":"j"}],"policy":{\#
                "finishedBefore":1795255491807212,"keep":10,"kind":"shell","queue":"q","states":["completed","dead"],\#
                "tags":{"night":"7"}},"skipped":0}
                """#,
                #"""
                {"by":"Zoë","cancelled":0,"completed":0,"dead":0,"jobs":[],"policy":{"states":["skipped","cancelled"],\#
                "tags":{}},"skipped":0}
                """#,
            ]
        ),
        ("queue.resumed", [#"{"by":"Zoë"}"#, #"{"by":"Zoë","note":"mended"}"#]),
        (
            "blob.erased",
            [
                #"{"before":12,"blobs":["\#(digest)"],"by":"Zoë","reason":"retention"}"#,
                #"{"before":12,"blobs":["\#(digest)"],"by":"Zoë","note":"asked for","reason":"redaction"}"#,
            ]
        ),
        ("submission.accepted", [#"{"by":"Zoë","content":"\#(digest)","jobs":100000,"submitId":"nightly 7"}"#]),
    ]

    private static let calls: [(type: String, samples: [String])] = [
        (
            "llm.callStarted",
            [
                #"""
                {"adapter":"openai.chat","attempt":1,"endpoint":"http://localhost:11434/v1","job":"j","model":"m",\#
                "provider":"openai-compatible","purpose":"probe","request":"\#(digest)","stream":false,"turn":0,\#
                "worker":"w"}
                """#,
                #"""
                {"adapter":"google.generateContent","attempt":2,"endpoint":"https://x/v1beta","job":"j","model":"m",\#
                "provider":"google","purpose":"judge","request":"\#(digest)","reserved":{"cost":12,"tokens":34},\#
                "stream":true,"turn":1,"worker":"w"}
                """#,
                #"""
                {"adapter":"a","attempt":2,"endpoint":"http://x","job":"j","model":"m","provider":"p","purpose":\#
                "judge","request":"\#(digest)","reserved":{},"stream":true,"turn":1,"worker":"w"}
                """#,
            ]
        ),
        (
            "llm.callCompleted",
            [
                #"""
                {"answer":"\#(digest)","attempt":1,"cost":1597500,"estimated":false,"exchange":\#(exchange),"finish":"stop",\#
                "finishOriginal":"stop","modelAnswered":"m-2026","requestID":"r","systemFingerprint":"fp","usage":\#
                {"cacheRead":0,"cacheWrite":1,"input":2,"output":3,"reasoning":4}}
                """#,
                #"""
                {"answer":"\#(digest)","attempt":1,"estimated":true,"exchange":\#(bareExchange),"finish":\#
                "contentFilter","usage":{}}
                """#,
            ]
        ),
        (
            "llm.callFailed",
            [
                #"""
                {"attempt":1,"class":"rateLimit","detail":"HTTP 429","exchange":\#(exchange),"mayBeCharged":false,\#
                "retryAfter":1000000,\#
                "retryable":true}
                """#,
                #"""
                {"attempt":1,"class":"timeout","detail":"no answer","mayBeCharged":true,"retryable":true,"transport":\#
                {"kind":"totalTimeout","message":"waited","partialBody":"\#(digest)","total":5}}
                """#,
                #"""
                {"attempt":1,"class":"network","detail":"x","mayBeCharged":true,"retryable":true,"transport":\#
                {"kind":"reset","message":"x","total":0}}
                """#,
            ]
        ),
        ("llm.retryDecided", [#"{"attempt":2,"delay":12,"notBefore":1795255491807212}"#]),
        ("llm.callOutcomeUnknown", [#"{"attempt":1,"started":0}"#]),
        (
            "llm.callReused",
            [
                #"""
                {"adapter":"openai.chat","answer":"\#(digest)","endpoint":"http://x","exchange":\#(exchange),\#
                "finish":"stop","job":"j","model":"m","modelAnswered":"m-1","origin":"c","position":7,"provider":"p",\#
                "purpose":"probe","request":"\#(digest)","turn":0,"usage":{"input":2,"output":3},"worker":"w"}
                """#,
                #"""
                {"adapter":"a","answer":"\#(digest)","endpoint":"http://x","exchange":\#(bareExchange),"finish":\#
                "length","job":"j","model":"m","origin":"c","position":0,"provider":"p","purpose":"judge","request":\#
                "\#(digest)","turn":1,"usage":{},"worker":"w"}
                """#,
            ]
        ),
    ]

    private static let forks: [(type: String, samples: [String])] = [
        (
            "fork.created",
            [
                #"""
                {"changes":[{"kind":"weights","text":"imagery=0.5"}],"head":"\#(digest)","parent":"s","position":7,\#
                "runs":["r"]}
                """#,
                #"""
                {"changes":[],"head":"\#(digest)","parent":"","position":0,"runs":[]}
                """#,
            ]
        ),
        ("fork.taken", [#"{"changed":1,"leftOut":0,"open":2,"taken":9007199254740991}"#]),
        ("fork.callSent", [#"{"attempt":2,"call":"c"}"#]),
    ]

    private static let scores: [(type: String, samples: [String])] = [
        (
            "score.computed",
            [
                #"""
                {"criteria":[{"id":"imagery","score":4.5,"weight":2},{"id":"b","score":-1,"weight":0.5}],\#
                "labels":\#(labels),"repair":"codeFence","round":0,"rubric":"\#(digest)","total":0.4375}
                """#,
                #"""
                {"criteria":[],"labels":\#(labels),"repair":"embedded","round":2,"rubric":"\#(digest)","total":1}
                """#,
                #"""
                {"criteria":[],"labels":\#(labels),"round":1,"rubric":"\#(digest)","total":0}
                """#,
            ]
        ),
        ("score.refused", [#"{"labels":\#(labels),"reason":"no JSON","round":1}"#]),
        (
            "ranking.computed",
            [
                #"""
                {"entries":[{"mean":0.5,"missing":0,"model":"a","rank":1,"scored":3},\#
                {"missing":3,"model":"b","rank":2,"scored":0}],"inputs":"\#(digest)","method":"mean","run":"r"}
                """#,
                #"""
                {"entries":[{"mean":0.5,"missing":0,"model":"a","rank":1,"scored":3,"value":1}],\#
                "inputs":"\#(digest)","method":"winRate","run":"r"}
                """#,
            ]
        ),
    ]

    private static let runs: [(type: String, samples: [String])] = [
        ("run.submitted", [#"{"cells":18,"definition":"\#(digest)","experiment":"haiku","jobs":36}"#]),
        ("run.jobsSubmitted", [#"{"jobs":36}"#]),
        (
            "run.finished",
            [
                #"{"cells":{"done":1,"failed":0,"skipped":0},"outcome":"complete"}"#,
                #"{"cells":{"done":0,"failed":1,"skipped":2},"outcome":"incomplete"}"#,
            ]
        ),
        ("run.reopened", [#"{"jobs":2}"#]),
        ("run.drained", [#"{"outstanding":0}"#]),
        (
            "run.budgetChanged",
            [
                #"{"budget":{"maxCalls":1,"maxCost":12500000000,"maxTokens":3},"source":"file"}"#,
                #"{"budget":{},"source":"option"}"#,
            ]
        ),
        (
            "run.stopped",
            [
                #"""
                {"budget":{"maxCost":10},"end":7,"reserved":{"calls":1,"cost":2,"tokens":3},"spent":\#
                {"calls":4,"cost":5,"tokens":6},"wanted":{"calls":1,"cost":8,"tokens":9}}
                """#
            ]
        ),
    ]

    private static let head = #"{"root":"\#(digest)","size":17}"#

    private static let accesses: [(type: String, samples: [String])] = [
        (
            "access.exported",
            [
                #"""
                {"actor":{"kind":"user","name":"Zoë"},"destination":{"kind":"file","name":"events.jsonl"},"format":"jsonl",\#
                "head":\#(head),"reason":"for the review","selection":{"run":"r1","type":"a.b,c.d"}}
                """#,
                #"""
                {"actor":{"kind":"apiKey","name":"ci"},"destination":{"kind":"standardOutput"},"format":"sqlite",\#
                "head":\#(head),"selection":{}}
                """#,
            ]
        ),
        (
            "access.redacted",
            [
                #"""
                {"actor":{"kind":"user","name":"Zoë"},"blobs":3,"head":\#(head),"keys":["0a1b"],"reason":"asked for",\#
                "shared":0,"target":{"kind":"subject","name":"participant 7"}}
                """#
            ]
        ),
        (
            "access.forked",
            [
                #"""
                {"actor":{"kind":"user","name":"Zoë"},"at":12,"changes":{"weights":"accuracy=2"},"child":"00ff",\#
                "head":\#(head),"name":"fork","reason":"what if"}
                """#,
                #"{"actor":{"kind":"user","name":"a"},"at":0,"changes":{},"child":"00ff","head":\#(head)}"#,
            ]
        ),
        (
            "access.keyChanged",
            [
                #"""
                {"actor":{"kind":"user","name":"Zoë"},"change":"dropped","head":\#(head),"key":"0a1b","kind":"data",\#
                "reason":"asked for","scope":"run:r1"}
                """#,
                #"""
                {"actor":{"kind":"user","name":"Zoë"},"change":"created","head":\#(head),"key":"0a1b","kind":"signing"}
                """#,
            ]
        ),
    ]
}

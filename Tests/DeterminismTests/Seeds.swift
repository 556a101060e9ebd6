/// Seeds for properties: some that never change, and a fresh one, which a failure prints as the test's argument.
let seeds: [UInt64] = [1, 2, 3, UInt64.random(in: 4...UInt64.max)]

/// The place in a document that a byte belongs to, as in `$.a.b[2]`.
///
/// Walks tokens without judging them, so that it works on documents that are wrong, and keeps its own stack, so that
/// no nesting can exhaust the thread's.
struct JSONPath: CustomStringConvertible {
    private enum Step {
        case member(String?)
        case element(Int)
    }

    private var steps: [Step] = []

    init(in document: UnsafeRawBufferPointer, at offset: Int) {
        var index = 0
        while index < min(offset, document.count) {
            let byte = document[index]
            guard byte == UInt8(ascii: "\"") else {
                take(byte)
                index += 1
                continue
            }
            let end = endOfString(document, from: index)
            if end <= offset, case .member(nil) = steps.last {
                let name = document[(index + 1)..<max(index + 1, end - 1)]
                steps[steps.count - 1] = .member(String(decoding: name, as: UTF8.self))
            }
            index = end
        }
    }

    private mutating func take(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "{"): steps.append(.member(nil))
        case UInt8(ascii: "["): steps.append(.element(0))
        case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = steps.popLast()
        case UInt8(ascii: ","):
            switch steps.last {
            case .element(let index): steps[steps.count - 1] = .element(index + 1)
            case .member: steps[steps.count - 1] = .member(nil)
            case nil: break
            }
        default: break
        }
    }

    var description: String {
        steps.reduce(into: "$") { text, step in
            switch step {
            case .member(nil): break
            case .member(let name?): text += Self.member(name)
            case .element(let index): text += "[\(index)]"
            }
        }
    }

    /// The path of another member of the object that this path is in, or of that object itself.
    func sibling(_ name: String?) -> String {
        var path = self
        if case .member = path.steps.last { path.steps[path.steps.count - 1] = .member(name) }
        return path.description
    }

    /// How a path names a member: `.name`, or `["a name"]` where the name isn't a plain word.
    private static func member(_ name: String) -> String {
        let isPlain =
            !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
        return isPlain ? "." + name : "[\"" + name + "\"]"
    }
}

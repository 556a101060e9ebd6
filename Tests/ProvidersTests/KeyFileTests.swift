import HTTPTransport
import Providers
import Testing

@Suite struct KeyFileTests {
    @Test("names and keys are read as a shell would read them")
    func lines() throws {
        let text = """
            # keys
            OPENAI_API_KEY=sk-1

              export XAI_API_KEY = "xai-2"
            MISTRAL_API_KEY='m=3'\r
            OPENAI_API_KEY=sk-4
            """
        let file = try KeyFile(Array(text.utf8))
        #expect(file.variables == ["MISTRAL_API_KEY", "OPENAI_API_KEY", "XAI_API_KEY"])
        #expect(file["OPENAI_API_KEY"] == APIKey("sk-4"))
        #expect(file["XAI_API_KEY"] == APIKey("xai-2"))
        #expect(file["MISTRAL_API_KEY"] == APIKey("m=3"))
        #expect(file["DEEPSEEK_API_KEY"] == nil)
    }

    @Test(
        "a line that isn't a key is named by its number, and never quoted",
        arguments: [
            "A=1\nsk-secret", "A=1\nsk-secret=", "A=1\n1sk_secret=x", "A=1\nsk secret=x", "A=1\nSK_SECRET=''",
        ])
    func problems(_ text: String) {
        #expect { try KeyFile(Array(text.utf8)) } throws: { error in
            let words = "\(error)"
            return words.hasPrefix("line 2: ") && !words.contains("secret") && !words.contains("sk")
        }
    }

    @Test("a name that can't be a variable is quoted where it can't be a key")
    func names() {
        for (text, isQuoted) in [
            ("OPENAI-API-KEY=x", true), ("openai api key=x", true), ("sk-api-key-77=x", false), ("SK-LIVE=x", false),
        ] {
            #expect { try KeyFile(Array(text.utf8)) } throws: { error in
                "\(error)".contains(text.prefix { $0 != "=" }) == isQuoted
            }
        }
    }

    @Test("a file that is too large is refused")
    func size() {
        #expect(throws: KeyFileError(line: nil, problem: "the file is larger than 64 KiB")) {
            try KeyFile([UInt8](repeating: 0x0A, count: KeyFile.sizeLimit + 1))
        }
    }

    @Test("no key shows in any form of printing")
    func hidden() throws {
        let file = try KeyFile(Array("A=sk-secret".utf8))
        var dumped = ""
        dump(file, to: &dumped)
        for text in ["\(file)", String(reflecting: file), dumped] { #expect(!text.contains("sk-secret")) }
    }
}

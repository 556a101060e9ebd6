import Providers
import Testing

@testable import Calls

@Suite struct ConversationTests {
    @Test func `each prompt is asked with everything said before it`() {
        var talk = Conversation(preamble: "Be brief.", prompts: ["One?", "Two?"])
        #expect(talk.nextTurn == 0)
        #expect(
            talk.nextMessages == [
                ChatMessage(role: .system, content: "Be brief."), ChatMessage(role: .user, content: "One?"),
            ])
        talk.take("1")
        #expect(talk.nextTurn == 1)
        #expect(
            talk.nextMessages == [
                ChatMessage(role: .system, content: "Be brief."), ChatMessage(role: .user, content: "One?"),
                ChatMessage(role: .assistant, content: "1"), ChatMessage(role: .user, content: "Two?"),
            ])
        talk.take("2")
        #expect(talk.nextTurn == nil)
        #expect(talk.nextMessages == nil)
        #expect(talk.said.count == 5)
    }

    @Test func `without a preamble nothing is said first`() {
        #expect(Conversation(prompts: ["One?"]).nextMessages == [ChatMessage(role: .user, content: "One?")])
    }
}

@Suite struct PromptTemplateTests {
    @Test(arguments: [
        ("no variables", "no variables"), ("{{name}} and {{ name }}", "Ada and Ada"), ("\\{{name}}", "{{name}}"),
        ("a\\b {single} }} {", "a\\b {single} }} {"), ("{{a.b-c_1}}", "x"), ("", ""),
    ])
    func `fills in values, and leaves everything else as it is`(template: String, text: String) throws {
        #expect(try PromptTemplate(template).render(["name": "Ada", "a.b-c_1": "x"]) == text)
    }

    @Test func `what is filled in is never read as a template`() throws {
        #expect(try PromptTemplate("{{a}}").render(["a": "{{b}}", "b": "no"]) == "{{b}}")
    }

    @Test func `a variable without a value is an error with its place and the names there are`() throws {
        let template = try PromptTemplate("one\n  {{nmae}}")
        #expect(
            throws: PromptTemplateError(.unknownVariable("nmae", known: ["name"]), TemplatePlace(line: 2, column: 3))
        ) {
            try template.render(["name": "Ada"])
        }
    }

    @Test(arguments: [
        ("a {{b", PromptTemplateError(.unclosed, TemplatePlace(line: 1, column: 3))),
        ("{{ }}", PromptTemplateError(.badName(" "), TemplatePlace(line: 1, column: 1))),
        ("é{{a b}}", PromptTemplateError(.badName("a b"), TemplatePlace(line: 1, column: 2))),
    ])
    func `braces that hold no name are an error`(template: String, error: PromptTemplateError) {
        #expect(throws: error) { try PromptTemplate(template) }
    }

    @Test func `names what no template uses`() throws {
        let templates = [try PromptTemplate("{{a}}"), try PromptTemplate("{{b}} {{a}}")]
        #expect(templates[1].variables == ["b", "a"])
        #expect(PromptTemplate.unused(["c", "a", "d"], in: templates) == ["c", "d"])
    }
}

import Testing

@testable import Determinism

@Suite struct SeededGeneratorTests {
    @Test("SplitMix64 gives the published numbers for the seed 1234567")
    func splitMix() {
        var source = SplitMix64(state: 1_234_567)
        #expect(
            (0..<5).map { _ in source.next() } == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
    }

    @Test("xoshiro256** gives the published numbers for the state 1, 2, 3, 4")
    func xoshiro() {
        var generator = SeededGenerator(state: (1, 2, 3, 4))
        #expect(
            (0..<10).map { _ in generator.next() } == [
                11_520, 0, 1_509_978_240, 1_215_971_899_390_074_240, 1_216_172_134_540_287_360, 607_988_272_756_665_600,
                16_172_922_978_634_559_625, 8_476_171_486_693_032_832, 10_595_114_339_597_558_777,
                2_904_607_092_377_533_576,
            ])
    }

    @Test("a seed gives the numbers that another implementation gives")
    func seeded() {
        var generator = SeededGenerator(seed: 42)
        #expect(
            (0..<4).map { _ in generator.next() } == [
                1_546_998_764_402_558_742, 6_990_951_692_964_543_102, 12_544_586_762_248_559_009,
                17_057_574_109_182_124_193,
            ])
        var bounded = SeededGenerator(seed: 42)
        #expect((0..<12).map { _ in bounded.uniform(below: 10) } == [0, 3, 6, 9, 9, 7, 7, 8, 7, 5, 6, 2])
        var permuting = SeededGenerator(seed: 42)
        #expect(permuting.permuted(Array(0..<8)) == [7, 1, 6, 3, 5, 4, 2, 0])
        #expect(SeededGenerator.seed(from: ["run-1", "retry", "3"]) == 4_470_170_853_512_175_326)
    }

    @Test("parts of text are a seed of their own")
    func parts() {
        var byParts = SeededGenerator(seedingFrom: ["a", "b"])
        var bySeed = SeededGenerator(seed: SeededGenerator.seed(from: ["a", "b"]))
        var other = SeededGenerator(seedingFrom: ["ab"])
        let first = byParts.next()
        #expect(first == bySeed.next())
        #expect(first != other.next())
    }

    @Test("bounded numbers keep to their bound and reach all of it", arguments: seeds)
    func uniform(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var counts = [Int](repeating: 0, count: 7)
        for _ in 0..<7_000 { counts[Int(generator.uniform(below: 7))] += 1 }
        // Six standard deviations of a fair draw are 176.
        #expect(counts.allSatisfy { 824...1_176 ~= $0 })
        for bound in [1, 2, 3, UInt64.max / 2 + 2, .max] { #expect(generator.uniform(below: bound) < bound) }
        for _ in 0..<1_000 { #expect(0..<1 ~= generator.unitInterval()) }
    }

    @Test("a permutation has the same elements", arguments: seeds)
    func permuted(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let permuted = generator.permuted(Array(0..<100))
        #expect(permuted != Array(0..<100))
        #expect(permuted.sorted() == Array(0..<100))
        #expect(generator.permuted([Int]()) == [])
    }
}

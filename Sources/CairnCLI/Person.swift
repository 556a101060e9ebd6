import Cairn

/// Who uses the program, as events record it.
typealias Person = Cairn.Person

package import Calls
package import Providers

/// How a run is worked on; no part of what it is, so that it may be resumed with other settings.
package struct RunSettings: Equatable, Sendable {
    /// What it may use up; nil leaves it as it was recorded, or without bounds.
    package var budget: Budget?
    /// What may be asked of the providers.
    package var rates: RateSettings

    package init(budget: Budget? = nil, rates: RateSettings = RateSettings()) {
        self.budget = budget
        self.rates = rates
    }
}

/// All that an experiment file says.
package struct Experiment: Equatable, Sendable {
    package var definition: ExperimentDefinition
    package var settings: RunSettings

    package init(_ definition: ExperimentDefinition, settings: RunSettings = RunSettings()) {
        self.definition = definition
        self.settings = settings
    }
}

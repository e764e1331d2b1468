"""The synthetic world: scenarios, cohorts drawn from them with their truth, and studies on disk.

A `Scenario` (scenario) is drawn into arrays with the replicates first (draw); one replicate
becomes a `Cohort`, a study and its truth (cohort), which is written as a study folder (writing).
"""

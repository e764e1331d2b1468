"""What if: many simulated studies of a design, and how well an analysis does on them.

`sweep` plans (plan) and runs blocks of replicates (run) from sources of cohorts (source), adding
them up as they come (tally); `judge` holds the answers to the truth.
"""

"""Who is paired with whom: policies on arrays, and the reasons.

`assign` (policies) is what the synthetic world calls: scores and allowed pairs in, partners out,
replicates first. `optimum` solves it exactly. `propose` (proposal) puts the two matrices, which
`pairing` makes from what people declared, together for one set of applications and says, for
everybody left out, why.
"""

from __future__ import annotations

from rmresearch.world.matching.policies import POLICIES, assign

__all__ = ["POLICIES", "assign"]

"""Draw the frozen inputs of the R references: python make_inputs.py (numpy only).

Each design is one CSV with columns y, cluster and the design's own; the R scripts beside this
file read them and write the outputs. Run only to add a design: the committed CSVs are the inputs.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
SEED = 20260101


def write(name: str, columns: dict[str, list[object]]) -> None:
    with open(HERE / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(columns)
        rows.writerows(zip(*columns.values(), strict=True))


def clustered(rng: np.random.Generator, cluster: np.ndarray, icc: float) -> np.ndarray:
    shared = rng.normal(size=cluster.max() + 1)[cluster]
    return np.sqrt(icc) * shared + np.sqrt(1 - icc) * rng.normal(size=cluster.size)


def design(
    rng: np.random.Generator, cluster: np.ndarray, columns: dict[str, np.ndarray]
) -> dict[str, list[object]]:
    numeric = [c for c in columns.values() if c.dtype.kind == "f"]
    arm = columns["arm"]
    lift = np.select([arm == "class", arm == "mentor"], [0.2, 0.6], 0.0)
    y = 3 + lift + 0.4 * sum(numeric) + clustered(rng, cluster, 0.3) * (1 + 0.5 * (lift > 0.5))
    made = {"y": y, "cluster": cluster, **columns}
    return {name: [v.item() for v in column] for name, column in made.items()}


def main() -> None:
    rng = np.random.default_rng(SEED)
    arms = np.array(["control", "mentor"])

    cluster = np.repeat(np.arange(12), 5)
    balanced = {"arm": arms[cluster % 2], "pre": clustered(rng, cluster, 0.3)}
    write("balanced", design(rng, cluster, balanced))

    sizes = [1, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 11]
    cluster = np.repeat(np.arange(len(sizes)), sizes)
    three = np.array(["control", "class", "mentor"])
    unbalanced = {
        "arm": three[rng.permutation(np.arange(len(sizes)) % 3)][cluster],
        "pre": clustered(rng, cluster, 0.3),
        "stratum": np.array(["a", "b", "c"])[rng.permutation(np.arange(len(sizes)) % 3)][cluster],
    }
    write("unbalanced", design(rng, cluster, unbalanced))

    cluster = np.repeat(np.arange(7), [4, 9, 3, 6, 6, 12, 2])
    few = {
        "arm": arms[np.array([0, 1, 0, 1, 0, 1, 1])[cluster]],
        "size": np.log([4.0, 9, 3, 6, 6, 12, 2])[cluster],
        "pre": rng.normal(size=cluster.size),
    }
    write("few_clusters", design(rng, cluster, few))

    alone = np.arange(26)
    within = {
        "arm": three[rng.permutation(alone % 3)],
        "pre": rng.normal(size=26) ** 3,
        "stratum": np.array(["north", "south"])[rng.permutation(alone % 2)],
    }
    write("singletons", design(rng, alone, within))

    # Stratum "d" is cluster 9 alone: that cluster determines a coefficient by itself, so that
    # I - H_gg is singular and its inverse square root a pseudo-inverse.
    cluster = np.repeat(np.arange(10), [3, 4, 5, 3, 4, 5, 3, 4, 5, 4])
    alone_stratum = {
        "arm": arms[(np.arange(cluster.size) + cluster) % 2],
        "pre": rng.normal(size=cluster.size),
        "stratum": np.where(cluster == 9, "d", np.array(["a", "b", "c"])[cluster % 3]),
    }
    write("cluster_dummy", design(rng, cluster, alone_stratum))

    people, k = 90, 5
    trait = rng.normal(size=people)
    raw = 3 + np.outer(trait, [0.9, 0.7, 0.5, 0.8, 0.6]) + rng.normal(size=(people, k))
    items = np.clip(np.round(raw), 1, 5)
    write("items", {f"i{j + 1}": items[:, j].tolist() for j in range(k)})

    first = 3 + rng.normal(size=31)
    second = 0.5 * first + 2 + 0.8 * rng.normal(size=31)
    group = rng.permutation(np.arange(31) % 2)
    columns = {"before": first.tolist(), "after": second.tolist(), "programme": group.tolist()}
    write("changes", columns)


if __name__ == "__main__":
    main()

"""The input contract: what study.toml declares, what the tables may hold, what looks doubtful."""

"""A new study, ready to be filled in: study.toml, plan.toml, README.md and data/data.xlsx.

Questions and texts are data (questions.toml, words.toml, texts.toml, the .txt files); the workbook
is made from study.toml alone, so that one that was changed gives the workbook that fits it.
"""

from __future__ import annotations

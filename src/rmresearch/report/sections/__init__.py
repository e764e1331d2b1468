"""The sections of the technical report, a question each."""

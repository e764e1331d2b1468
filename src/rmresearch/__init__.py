"""rmresearch: evaluate reverse-mentoring pilots honestly."""

"""From results to words, figures, tables and pages."""

"""How values show themselves: one rounding rule, tables in HTML, LaTeX and text, interval plots."""

"""From a file's cells to our tables: columns, codes, layouts, consent."""

"""One question, one function: study in, result out."""

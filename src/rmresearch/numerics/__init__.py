"""Array kernels: observations on the last axis, replicates on the first; no pandas, no study."""

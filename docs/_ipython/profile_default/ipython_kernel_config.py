"""The handbook's kernels talk to the build alone, and say so of nothing else."""

c = get_config()  # noqa: F821 (IPython gives it)
c.IPKernelApp.log_level = "ERROR"
c.HistoryManager.enabled = False

"""Where work runs: a queue of jobs in the job store, and the engine of this machine that runs them."""

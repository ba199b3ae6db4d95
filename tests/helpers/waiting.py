"""How long tests wait for other processes, threads and pages."""

SECONDS = 300.0  # until what hangs is given up: no machine is so slow that a test fails for being late

"""Benchmarks: ratios against a baseline measured in the same run, contestants taking turns.

    make bench                     all of them
    make bench ARGS=ingest         one of them
    make bench ARGS="kill --kills 500"

Each prints a table and its aims, and ends with status 1 if it misses one. Databases are in memory-backed storage where
there is one: the time a disk takes to sync says more about the disk than about us.
"""

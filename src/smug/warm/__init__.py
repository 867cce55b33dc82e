"""Jobs that start at once: forks of one process that has imported what jobs need.

Most of a small job's time is the import of TensorFlow, Keras, pandas or seaborn. While Snakemake
runs on this machine, one server imports them once (:mod:`smug.warm.server`), and every job is a
fork of it. Without a server a job imports for itself, and does the same.
"""

#: Variable that tells a job where the server listens: the path of a socket.
VARIABLE = "SMUG_WARM"

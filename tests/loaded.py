"""What the server that forks our processes imports last (process.py): the kernels are loaded, and
the garbage collector leaves alone what each process inherits. Both would cost each process most of
the processor time of its start."""

import gc

from app.processes.warm_up import warm_up

warm_up()
gc.collect()
gc.freeze()

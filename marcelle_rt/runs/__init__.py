"""Records a training and brings backends level with it.

A run is a journal of events on disk (`journal`), its document a fold of them (`run`), and every backend a
replica (`replica`) that one thread (`publisher`) keeps level while the training goes on.
"""

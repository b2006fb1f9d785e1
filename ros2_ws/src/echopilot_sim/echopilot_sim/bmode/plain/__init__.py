"""Array twins of the renderer's compiled kernels: the same pictures without numba, some three times slower.

Each file is named after the module whose kernels it stands in for; `compiled.njit_or` chooses between the two.
"""

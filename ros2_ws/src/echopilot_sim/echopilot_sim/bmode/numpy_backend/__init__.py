"""NumPy backend of the renderer: the same images without numba, about three times slower.

Each file is named after the module whose kernels it stands in for; `compiled.njit_or` chooses between the two.
"""

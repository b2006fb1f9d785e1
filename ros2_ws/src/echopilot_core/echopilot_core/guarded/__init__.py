"""Guarded readers of input files: size, depth and numbers are limited before anything is built from them."""

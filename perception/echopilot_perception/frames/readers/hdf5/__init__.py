"""HDF5 files of ultrasound research: USTB and zea."""

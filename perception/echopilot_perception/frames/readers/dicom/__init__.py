"""DICOM ultrasound: files, series in folders, pixels in every transfer syntax, scale."""

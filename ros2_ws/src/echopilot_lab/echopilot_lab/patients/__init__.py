"""Views of one virtual patient: contact sheet, DICOM cine, WebM and numbers."""

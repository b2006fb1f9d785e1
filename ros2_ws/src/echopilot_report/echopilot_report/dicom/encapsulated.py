"""The PDF report as Encapsulated PDF (PS3.3 A.45.1)."""

from hashlib import sha256

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.sr.codedict import codes
from pydicom.uid import EncapsulatedPDFStorage

from echopilot_report.dicom.codes import item
from echopilot_report.dicom.study import Study, blank_object, date_of, time_of


def document_object(study: Study, pdf: bytes, title: str) -> Dataset:
    """The document, unverified; the UID depends on its content."""
    uid = study.uid("document", sha256(pdf).hexdigest())
    data = blank_object(study, EncapsulatedPDFStorage, uid, "document", "DOC", 1)
    data.SeriesDescription, data.DocumentTitle = "Report", title
    data.ConversionType = "WSD"
    data.ContentDate, data.ContentTime = date_of(study.started), time_of(study.started)
    data.AcquisitionDateTime = ""
    data.BurnedInAnnotation = "YES"
    data.VerificationFlag = "UNVERIFIED"
    data.ConceptNameCodeSequence = DicomSequence([item(codes.LN.UltrasoundReport)])
    data.MIMETypeOfEncapsulatedDocument = "application/pdf"
    data.EncapsulatedDocumentLength = len(pdf)
    data.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    return data

"""The market's seal on a certificate's PDF, and what strangers' PDFs carry (PAdES, ETSI EN 319 142).

The libraries behind it take a third of a second and twenty megabytes to load; `paper` loads this module with the first
PDF that is sealed or opened, since most processes never see one.
"""

from __future__ import annotations

import hashlib
import io
import zlib

import pikepdf
from asn1crypto import cms, x509  # type: ignore[import-untyped]
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from techmarket.certification.paper import ATTACHMENT, FIELD, FILE_MAX, NotAPaper, Opened, der
from techmarket.kernel.seals import PaperSeal

SIGNATURE_BYTES_MAX = 72
"""Of ECDSA on P-256 in DER."""


class _SealSigner(Signer):
    """The document seal as the signing library wants it, wherever its private half is held."""

    def __init__(self, by: PaperSeal) -> None:
        super().__init__(
            signing_cert=x509.Certificate.load(der(by.certificate_pem)),
            cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]
        )
        self._seal = by

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if digest_algorithm != "sha256":
            raise ValueError(digest_algorithm)
        return bytes(SIGNATURE_BYTES_MAX) if dry_run else self._seal.sign(data)


def seal(page: bytes, by: PaperSeal) -> bytes:
    """As `paper.seal`."""
    said = PdfSignatureMetadata(field_name=FIELD, subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256")
    out = PdfSigner(said, _SealSigner(by)).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(page)))
    return bytes(out.getvalue())


def open_paper(raw: bytes) -> Opened:
    """As `paper.open_paper`, of a file that has the form of a PDF."""
    try:
        signatures = PdfFileReader(io.BytesIO(raw), strict=False).embedded_signatures
        if len(signatures) != 1:
            raise NotAPaper("paper")
        [signature] = signatures
        certificate = signature.signer_cert
        context = ValidationContext(trust_roots=[certificate], allow_fetching=False)
        status = validate_pdf_signature(signature, context, skip_diff=True)
        if not (status.intact and status.valid and status.coverage is SignatureCoverageLevel.ENTIRE_FILE):
            raise NotAPaper("paper")
        _require_one_spelling(raw, signature)
        with pikepdf.open(io.BytesIO(raw)) as document:
            file = _unpacked(document.attachments[ATTACHMENT].get_file().obj)
    except NotAPaper:
        raise
    except Exception as error:  # what strangers call a PDF breaks readers in more ways than they name
        raise NotAPaper("paper") from error
    return Opened(file, hashlib.sha256(certificate.dump()).hexdigest())


def _unpacked(stream: pikepdf.Object) -> bytes:
    """The attached file, at most as long as a file of ours: a stranger's PDF may hold a bomb."""
    raw = stream.read_raw_bytes()
    if str(stream.get("/Filter", "")) != "/FlateDecode":
        raise NotAPaper("paper")
    file = zlib.decompressobj().decompress(raw, FILE_MAX + 1)
    if len(file) > FILE_MAX:
        raise NotAPaper("paper")
    return file


def _require_one_spelling(raw: bytes, signature: EmbeddedPdfSignature) -> None:
    """The place of the signature itself lies outside what it signs: it has to be spelled as we spell it.

    What the key signed (the attributes), the signature and the certificate are put together anew, and nothing else.
    """
    _, end, begin, _ = (int(number) for number in signature.byte_range)
    said, certificate = signature.signer_info, signature.signer_cert
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number",
                cms.IssuerAndSerialNumber({"issuer": certificate.issuer, "serial_number": certificate.serial_number}),
            ),
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": said["signed_attrs"],
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": said["signature"].native,
        }
    )
    content = cms.ContentInfo(
        {
            "content_type": "signed_data",
            "content": cms.SignedData(
                {
                    "version": "v1",
                    "digest_algorithms": [{"algorithm": "sha256"}],
                    "encap_content_info": {"content_type": "data"},
                    "certificates": [certificate],
                    "signer_infos": [signer],
                }
            ),
        }
    )
    spelled = b"<" + content.dump(force=True).hex().upper().encode().ljust(begin - end - 2, b"0") + b">"
    if raw[end:begin] != spelled:
        raise NotAPaper("paper")

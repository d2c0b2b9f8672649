"""Signs certificates (PAdES B-B) and judges signed PDFs; the keys come from settings or from a local authority."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import structlog
from asn1crypto import pem as asn1_pem  # type: ignore[import-untyped]  # has no stubs
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.metadata.model import DocumentMetadata
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.general import SigningError
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

_YEAR = timedelta(days=365)
log = structlog.get_logger()


@dataclass(frozen=True)
class Keys:
    """PEM texts: the signer's key and certificate, and the certificate of the authority above it."""

    key: bytes
    certificate: bytes
    authority: bytes


@dataclass(frozen=True)
class Verification:
    """What a signed PDF is worth; ``reason`` says in Chinese why it is not valid."""

    valid: bool
    intact: bool
    trusted: bool
    signer: str = ""
    signed_at: datetime | None = None
    reason: str = ""


class CachedKeySigner(signers.Signer):
    """Loads the key once; pyHanko's own SimpleSigner loads it twice for each signature and takes four times as long."""

    def __init__(self, keys: Keys) -> None:
        self._key = serialization.load_pem_private_key(keys.key, password=None)
        if not isinstance(self._key, rsa.RSAPrivateKey):
            raise SigningError("the signer's key has to be an RSA key")
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # the library left it untyped
        store.register(_certificate(keys.authority))
        super().__init__(signing_cert=_certificate(keys.certificate), cert_registry=store)

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        """PKCS#1 v1.5, which gives the same signature for the same bytes."""
        assert isinstance(self._key, rsa.RSAPrivateKey)
        if dry_run:
            return bytes(self._key.key_size // 8)
        return self._key.sign(data, padding.PKCS1v15(), {"sha256": hashes.SHA256()}[digest_algorithm])


class _SignerAt(signers.PdfSigner):
    """pyHanko's signer with an injected clock."""

    def __init__(self, metadata: Any, *, signer: CachedKeySigner, at: datetime) -> None:
        super().__init__(metadata, signer=signer)
        self._at = at

    def init_signing_session(self, *args: Any, **options: Any) -> Any:
        session = super().init_signing_session(*args, **options)
        session.system_time = self._at
        return session


def _dated(at: datetime) -> DocumentMetadata:
    """What the file says of itself: changed when it was signed, where pyHanko would say now."""

    class Dated(DocumentMetadata):
        def __setattr__(self, name: str, value: Any) -> None:
            super().__setattr__(name, at if name == "last_modified" else value)

    return Dated()


class PdfSigner:
    """Signs PDFs with one key; the same PDF and instant give the same bytes."""

    def __init__(self, keys: Keys) -> None:
        self._signer = CachedKeySigner(keys)
        self.fingerprint = hashlib.sha256(_certificate(keys.certificate).dump()).hexdigest()

    def signed(self, pdf: bytes, *, at: datetime, issuer: str, reason: str) -> bytes:
        """The PDF with one invisible certifying signature that permits no change."""
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        second = hashlib.sha256(pdf + at.isoformat().encode()).digest()[:16]  # pyHanko would draw it at random
        writer._meta = _dated(at)
        writer._document_id = generic.ArrayObject([writer.document_id[0], generic.ByteStringObject(second)])
        metadata = signers.PdfSignatureMetadata(
            field_name="Signature",
            md_algorithm="sha256",
            name=issuer,
            reason=reason,
            subfilter=fields.SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        )
        out: io.BytesIO = _SignerAt(metadata, signer=self._signer, at=at.astimezone(UTC)).sign_pdf(writer)
        return out.getvalue()


class PdfJudge:
    """Judges signed PDFs against our own authorities, and no others."""

    def __init__(self, authorities: Sequence[bytes]) -> None:
        self._roots = [_certificate(pem) for pem in authorities]

    def verify_pdf(self, pdf: bytes) -> Verification:
        """What the PDF is worth; whatever cannot be read is not valid."""
        if not pdf.startswith(b"%PDF-"):
            return _worthless("这不是 PDF 文件。")
        try:
            return self._judged(PdfFileReader(io.BytesIO(pdf)))
        except Exception as error:  # whatever breaks the reader is a broken file: never valid, never an error page
            log.info("signed_pdf_unreadable", error=type(error).__name__)
            return _worthless("文件已被改动或已损坏，无法读取其签名。")

    def _judged(self, reader: Any) -> Verification:
        if not reader.embedded_signatures:
            return _worthless("文件中没有电子签名，不是本平台颁发的证书。")
        signature = reader.embedded_signatures[0]
        context = ValidationContext(trust_roots=self._roots, allow_fetching=False)
        status = validate_pdf_signature(signature, context)
        whole = (
            len(reader.embedded_signatures) == 1
            and status.coverage == SignatureCoverageLevel.ENTIRE_FILE
            and status.docmdp_ok is not False
        )
        intact = bool(status.intact and status.valid and whole)
        trusted = bool(status.trusted)
        return Verification(
            valid=intact and trusted,
            intact=intact,
            trusted=trusted,
            signer=_signer(status.signing_cert),
            signed_at=status.signer_reported_dt,
            reason=_what_is_wrong(intact=intact, trusted=trusted),
        )


def _what_is_wrong(*, intact: bool, trusted: bool) -> str:
    if not intact:
        return "文件在签名之后被改动过。"
    return "" if trusted else "签名不是由本平台的签发机构作出的。"


def _worthless(reason: str) -> Verification:
    return Verification(valid=False, intact=False, trusted=False, reason=reason)


def _signer(certificate: asn1_x509.Certificate) -> str:
    name = certificate.subject.native
    return " ".join(str(name[part]) for part in ("organization_name", "common_name") if part in name)


def keys_in(directory: Path, *, organisation: str, now: datetime) -> Keys:
    """The keys in this folder; made on first need, once, however many processes ask."""
    if not directory.exists():
        _make_folder(directory, organisation=organisation, now=now)
    return Keys(
        key=(directory / "signer.key").read_bytes(),
        certificate=(directory / "signer.pem").read_bytes(),
        authority=(directory / "ca.pem").read_bytes(),
    )


def retired_authorities(directory: Path) -> tuple[bytes, ...]:
    """Earlier authorities (``retired-*.pem``), whose certificates stay good."""
    return tuple(path.read_bytes() for path in sorted(directory.glob("retired-*.pem")))


def pem_blocks(text: bytes) -> tuple[bytes, ...]:
    """The certificates of a PEM text, one by one."""
    mark = b"-----END CERTIFICATE-----"
    return tuple(block.strip() + b"\n" + mark + b"\n" for block in text.split(mark)[:-1])


def _make_folder(directory: Path, *, organisation: str, now: datetime) -> None:
    directory.parent.mkdir(parents=True, exist_ok=True)
    made = Path(mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    for name, content in new_authority(organisation=organisation, now=now).items():
        (made / name).touch(mode=0o600)
        (made / name).write_bytes(content)
    try:
        made.rename(directory)
    except OSError:  # another process was faster: its keys are the ones
        shutil.rmtree(made)


def new_authority(*, organisation: str, now: datetime) -> dict[str, bytes]:
    """A local authority and a signer under it, as PEM by file name; good for ten years of certificates and two more."""
    root_key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    root_name = _name("电子证书签发机构", organisation)
    root = (
        _begun(root_name, root_name, root_key.public_key(), now, years=20)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    signer = (
        _begun(_name("电子证书签章", organisation), root_name, key.public_key(), now, years=12)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(above, critical=False)
        .sign(root_key, hashes.SHA256())
    )
    return {
        "ca.key": _key_pem(root_key),
        "ca.pem": root.public_bytes(serialization.Encoding.PEM),
        "signer.key": _key_pem(key),
        "signer.pem": signer.public_bytes(serialization.Encoding.PEM),
    }


def _begun(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPublicKey, now: datetime, *, years: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks differ
        .not_valid_after(now + _YEAR * years)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str, organisation: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _key_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _certificate(pem: bytes) -> asn1_x509.Certificate:
    _, _, der = asn1_pem.unarmor(pem)
    return asn1_x509.Certificate.load(der)

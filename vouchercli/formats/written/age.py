"""Files encrypted in the age format (age-encryption.org/v1): by the package pyrage where it is
installed, else by the program `age` of this machine.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.formats import whole_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HEADS = (b"age-encryption.org/v1", b"-----BEGIN AGE ENCRYPTED FILE-----")
SECRET = "AGE-SECRET-KEY-"
SUFFIX = ".age"


class Envelope(NamedTuple):
    """For whom a new file is encrypted (nobody: it is plain), and the database beside which its
    rows lie until then: nowhere do they lie more openly than there.
    """

    recipients: tuple[str, ...] = ()
    database: Path = Path()

    def address(self, path: Path) -> Path:
        """The name of the file: an encrypted one ends with .age."""
        if not self.recipients or path.suffix == SUFFIX:
            return path
        return path.with_name(path.name + SUFFIX)

    @contextmanager
    def new_file(self, path: Path) -> Iterator[Path]:
        """A draft of the new file `path`, put in its place once it is written and encrypted: whole
        or not at all. Raises `VoucherError`: file_exists, unwritable_file, bad_recipient, no_age,
        not_encrypted.
        """
        if not self.recipients:
            with whole_files.new_file(path) as draft:
                yield draft
            return
        require_recipients(self.recipients)
        database = self.database.resolve()
        whole_files.sweep(database.parent, database.stem)
        workshop = database.with_name(f"{database.stem}-export")
        with (
            whole_files.new_file(path) as sealed,
            whole_files.draft_file(workshop, whole_files.mark()) as draft,
        ):
            yield draft
            encrypt(draft, sealed, self.recipients)


PLAIN = Envelope()


def is_encrypted(path: Path) -> bool:
    """Whether a file is one of age. Raises `OSError`."""
    with path.open("rb") as file:
        return file.read(len(HEADS[1])).startswith(HEADS)


def require_recipients(recipients: Sequence[str]) -> None:
    """Raise `VoucherError`: bad_recipient, no_age."""
    library = _library()
    for each in recipients:
        if not each.startswith("age1") or (library and not _is_recipient(library, each)):
            raise VoucherError(
                "bad_recipient",
                "{recipient} is not a recipient of age",
                hint="give the public key: age1 and 58 more letters and digits, as age-keygen"
                " prints it",
                recipient=each,
            )
    if library is None:
        _program()


def encrypt(source: Path, draft: Path, recipients: Sequence[str]) -> None:
    """Encrypt a file into the new file `draft`, to be read by any of the recipients; a link that
    somebody laid there is not followed. Raises `VoucherError`: no_age, not_encrypted.
    """
    draft.unlink(missing_ok=True)
    library = _library()
    if library is None:
        named = [word for each in recipients for word in ("-r", each)]
        _run(["-o", str(draft), *named, str(source)], "not_encrypted", draft)
        return
    try:
        keys = [library.x25519.Recipient.from_str(each) for each in recipients]
        library.encrypt_file(str(source), str(draft), keys)
    except library.EncryptError as error:
        raise _failed("not_encrypted", draft, str(error)) from error


def decrypt(source: Path, draft: Path, identity: Path) -> None:
    """Decrypt a file into the new file `draft` with the secret keys in the file `identity`. Raises
    `VoucherError`: no_age, bad_identity, not_decrypted, unreadable_file.
    """
    secrets = _read_secrets(identity)
    library = _library()
    if library is None:
        _run(["-d", "-i", str(identity), "-o", str(draft), str(source)], "not_decrypted", source)
        return
    try:
        keys = [library.x25519.Identity.from_str(each) for each in secrets]
    except library.IdentityError as error:
        raise _bad_identity(identity) from error
    try:
        library.decrypt_file(str(source), str(draft), keys)
    except (library.DecryptError, OSError) as error:
        raise _failed("not_decrypted", source, str(error)) from error


def _read_secrets(identity: Path) -> list[str]:
    lines = whole_files.read(identity).decode("ascii", "replace").splitlines()
    secrets = [line.strip() for line in lines if line.strip().startswith(SECRET)]
    if not secrets:
        raise _bad_identity(identity)
    return secrets


def _bad_identity(identity: Path) -> VoucherError:
    return VoucherError(
        "bad_identity",
        "{file} holds no secret key of age",
        hint="name the file that age-keygen -o FILE has made for one of the recipients",
        file=str(identity),
    )


def _library() -> Any:
    """The package pyrage; None where it is not installed."""
    try:
        import pyrage  # only where something is encrypted
    except ImportError:
        return None
    return pyrage


def _is_recipient(library: Any, text: str) -> bool:
    try:
        library.x25519.Recipient.from_str(text)
    except library.RecipientError:
        return False
    return True


def _program() -> str:
    import shutil  # only where something is encrypted

    found = shutil.which("age")
    if found is None:
        raise VoucherError(
            "no_age",
            "nothing on this machine encrypts: neither the Python package pyrage nor the program"
            " age is there",
            hint="pip install pyrage (or install this program as vouchercli[age]), or install age"
            " with the packages of the system",
        )
    return found


def _run(words: Sequence[str], code: str, file: Path) -> None:
    import subprocess  # only where something is encrypted

    ran = subprocess.run([_program(), *words], capture_output=True, check=False)
    if ran.returncode:
        lines = ran.stderr.decode("utf-8", "replace").strip().splitlines() or [""]
        raise _failed(code, file, lines[0])


def _failed(code: str, file: Path, why: str) -> VoucherError:
    if code == "not_encrypted":
        return VoucherError(
            "not_encrypted",
            "{file} was not encrypted: {why}",
            hint="check the recipients and the room in the folder",
            file=str(file),
            why=why,
        )
    return VoucherError(
        "not_decrypted",
        "{file} cannot be decrypted: {why}",
        hint="give the secret key of one of its recipients; if that is right, the file is cut off"
        " or damaged: take another backup",
        file=str(file),
        why=why,
    )

"""Download one file: checked, resumable, and in its place only when it is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests
import urllib3

from inception_viz.errors import DownloadError
from inception_viz.files import transfer
from inception_viz.files.cache import exclusive, remove, replace_synced
from inception_viz.files.paths import is_file

Progress = Callable[[int, int | None], None]
"""Called with the bytes done and the total, if the server told it."""

_MAX_DIGITS = 15  # of a length that a server tells


def download(
    url: str,
    path: Path,
    *,
    checksum: str = "",
    progress: Progress | None = None,
    max_bytes: int = 2**30,
) -> Path:
    """Fetch ``url`` into ``path``. Does nothing if ``path`` exists.

    A transfer that breaks off leaves ``<name>.part`` and goes on from there the next time, unless
    the file on the server changed. An exception in ``progress`` cancels and leaves the part, too.
    While another thread or process fetches the same file, its progress is reported.

    Args:
        url: http or https address.
        path: where the file goes.
        checksum: of the whole file: ``sha1:`` or ``sha256:`` and its first hexadecimal digits; ""
            where nobody published one, so that only the length is checked.
        progress: told about everything that arrives, and several times a second when nothing does.
        max_bytes: refuse more than this.

    Raises:
        DownloadError: in a sentence for the user that names the host and a way out; also after 20
            seconds without any byte, or a minute with less than 1 KiB a second.
        FileError: if the directory can't be written.
    """
    if is_file(path):  # before the lock: a directory that can't be written may still be read
        return path
    job = _Job(url, path, checksum, max_bytes)
    tell = progress or (lambda *_: None)
    job.check_url()
    with exclusive(path, waiting=job.watch_another(tell)):
        if is_file(path):
            return path
        with closing(job.fill_part()) as steps:
            for done, total in steps:
                tell(done, total)
        with job.errors():
            job.check()
            replace_synced(job.part, path)
        remove(job.validator_file)
    return path


@dataclass(frozen=True)
class _Job:
    url: str
    path: Path
    checksum: str
    max_bytes: int

    @property
    def part(self) -> Path:
        return self.path.with_name(f"{self.path.name}.part")

    @property
    def validator_file(self) -> Path:
        """Holds the server's mark (ETag or date) of the version that the part belongs to."""
        return self.path.with_name(f"{self.path.name}.part.version")

    def check_url(self) -> None:
        with suppress(ValueError):
            parts = urlsplit(self.url)
            if parts.scheme in ("http", "https") and parts.hostname:
                return
        raise DownloadError(
            f"{self.url} is no http or https address. Correct it, or put the file by hand at "
            f"{self.path}."
        )

    def watch_another(self, tell: Progress) -> Callable[[], None]:
        """What to do while another one fetches this file: report how it goes, unless it hangs."""
        pace = transfer.Pace()

        def look() -> None:
            size = self._part_size()
            pace.went_on(size)
            if pace.is_slow():
                raise DownloadError(
                    f"Another program is downloading {self.path.name} and gets nowhere. End it "
                    f"and try again, or put the file by hand at {self.path}."
                )
            tell(size, None)

        return look

    def fill_part(self) -> Generator[tuple[int, int | None], None, None]:
        """Fill the part; yields the bytes done and the total, also when nothing has come.

        Only what happens in here becomes a sentence: the caller's own exceptions stay as they are.
        """
        with self.errors():
            if not self.is_whole():  # as when a server sent everything, but had promised more
                yield from self._transfer()

    def is_whole(self) -> bool:
        kind, _, digits = self.checksum.partition(":")
        if not kind or not is_file(self.part):
            return False
        with self.part.open("rb") as file:
            return hashlib.file_digest(file, kind).hexdigest().startswith(digits)

    def check(self) -> None:
        if not is_file(self.part):
            raise self.error(f"{self.path.parent} was removed during the download")
        if self.checksum and not self.is_whole():
            self.discard()
            raise self.error("The file that arrived is not the expected one (wrong checksum)")

    def _transfer(self) -> Generator[tuple[int, int | None], None, None]:
        have, headers = self._resume_point()
        pace = transfer.Pace(have)
        with closing(transfer.arrivals(self.url, headers)) as incoming:
            while not isinstance(response := next(incoming), requests.Response):
                self._check_pace(pace)
                yield have, None
            if response.status_code == 416 and have:  # the part is no beginning of this file
                self.discard()
                yield from self._transfer()
                return
            done, total = self._accept(response, have)
            limit = self.max_bytes if total is None else min(total, self.max_bytes)
            with self.part.open("ab" if done else "wb") as file:
                for chunk in incoming:
                    if isinstance(chunk, bytes):
                        done += len(chunk)
                        if done > limit:
                            self.discard()
                            raise self.error("The server sent more than it announced")
                        file.write(chunk)
                    pace.went_on(done)
                    self._check_pace(pace)
                    yield done, total
        if total is not None and done != total and not self.is_whole():
            raise self.error(
                f"The transfer broke off after {done:,} of {total:,} bytes", resumable=True
            )

    def _accept(self, response: requests.Response, have: int) -> tuple[int, int | None]:
        """The bytes that are there already and the total, if the answer can be used."""
        if response.status_code not in (200, 206):
            raise self.error(f"The server answered {response.status_code} {response.reason}")
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise self.error(
                "A web page came instead of the file; this network may ask you to sign in first"
            )
        done = have if response.status_code == 206 else 0
        span = response.headers.get("Content-Range", "")  # such as "bytes 100-199/200"
        if response.status_code == 206 and _number(span[6:].partition("-")[0]) != have:
            self.discard()
            raise self.error("The server sent another part of the file than was asked for")
        length = _number(response.headers.get("Content-Length", ""))
        total = None if length is None else done + length
        if max(total or 0, done) > self.max_bytes:
            raise self.error(f"The file is larger than {self.max_bytes / 2**20:,.0f} MiB")
        self._remember_version(response)
        return done, total

    def _check_pace(self, pace: transfer.Pace) -> None:
        if pace.is_silent():
            raise self._silence()
        if pace.is_slow():
            slow = f"The server sends less than {transfer.LEAST_RATE / 1024:.0f} KiB a second"
            raise self.error(slow, resumable=True)

    def _silence(self) -> DownloadError:
        silent = f"No answer for {transfer.TIMEOUT:g} seconds"
        return self.error(silent, resumable=self._part_size() > 0)

    def _part_size(self) -> int:
        try:
            return self.part.stat().st_size
        except OSError:
            return 0

    def _resume_point(self) -> tuple[int, dict[str, str]]:
        headers = {"Accept-Encoding": "identity"}  # sizes and ranges then count the file's bytes
        have = self._part_size()
        if have and is_file(self.validator_file):
            version = self.validator_file.read_text("latin-1")
            if version and version.isprintable():  # anything else was not written by us
                return have, headers | {"Range": f"bytes={have}-", "If-Range": version}
        return 0, headers

    def _remember_version(self, response: requests.Response) -> None:
        version = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
        if version.startswith("W/"):  # a weak mark doesn't promise the same bytes
            version = ""
        self.validator_file.write_text(version, "latin-1")

    def discard(self) -> None:
        remove(self.part)
        remove(self.validator_file)

    def error(self, what: str, *, resumable: bool = False) -> DownloadError:
        host = urlsplit(self.url).hostname
        go_on = "Try again; it will go on where it stopped" if resumable else "Try again later"
        return DownloadError(
            f"{what} (from {host}). {go_on}, or put the file by hand at {self.path}."
        )

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what requests and the disk raise into sentences."""
        try:
            yield
        except (requests.Timeout, urllib3.exceptions.ReadTimeoutError) as error:
            raise self._silence() from error
        except (
            requests.exceptions.ChunkedEncodingError,
            urllib3.exceptions.ProtocolError,
        ) as error:
            raise self.error("The connection broke off", resumable=True) from error
        except requests.exceptions.SSLError as error:
            raise self.error(
                "The connection isn't secure: the server's certificate isn't trusted here"
            ) from error
        except requests.ConnectionError as error:
            if error.args and isinstance(error.args[0], urllib3.exceptions.ProtocolError):
                what = "The server hung up without an answer"
            else:
                what = "The server can't be reached; this computer may be offline"
            raise self.error(what, resumable=self._part_size() > 0) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
            raise self.error(f"The download failed: {str(error)[:200]}") from error
        except OSError as error:
            raise self.error(
                f"The file can't be written ({error.strerror or error}); free some space or allow "
                "writing there",
                resumable=True,
            ) from error


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= _MAX_DIGITS else None

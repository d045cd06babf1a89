"""Download one file: checked, resumable, and in its place only when it is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests

from inception_viz.sources.cache import exclusive, remove, replace_synced
from inception_viz.sources.errors import DownloadError

Progress = Callable[[int, int | None], None]
"""Called with the bytes done and the total, if the server told it."""

CHUNK_BYTES = 2**18


def download(
    url: str,
    path: Path,
    *,
    sha1: str,
    progress: Progress | None = None,
    max_bytes: int = 2**30,
    timeout: float = 20.0,
) -> Path:
    """Fetch ``url`` into ``path``. Does nothing if ``path`` exists.

    A transfer that breaks off leaves ``<name>.part`` and goes on from there the next time, unless
    the file on the server changed. An exception in ``progress`` cancels and leaves the part, too.

    Args:
        url: http or https address.
        path: where the file goes.
        sha1: checksum of the whole file, in hexadecimal.
        progress: told about every chunk.
        max_bytes: refuse more than this.
        timeout: seconds without any byte before giving up.

    Raises:
        DownloadError: in a sentence for the user that names the host and a way out.
        WeightsError: if the directory can't be written.
    """
    if path.exists():  # before the lock: a directory that can't be written may still be read
        return path
    job = _Job(url, path, timeout, max_bytes)
    job.check_url()
    with exclusive(path):
        if path.exists():
            return path
        with closing(job.transfer()) as steps:
            for done, total in steps:
                if progress is not None:
                    progress(done, total)
        if _sha1(job.part) != sha1:
            job.discard()
            raise job.error("The file that arrived is not the expected one (wrong checksum)")
        with job.errors():
            replace_synced(job.part, path)
        remove(job.validator_file)
    return path


@dataclass(frozen=True)
class _Job:
    url: str
    path: Path
    timeout: float
    max_bytes: int

    @property
    def part(self) -> Path:
        return self.path.with_name(f"{self.path.name}.part")

    @property
    def validator_file(self) -> Path:
        """Holds the server's mark (ETag or date) of the version that the part belongs to."""
        return self.path.with_name(f"{self.path.name}.part.version")

    def check_url(self) -> None:
        try:
            parts = urlsplit(self.url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        except ValueError:
            usable = False
        if not usable:
            raise DownloadError(
                f"{self.url} is no http or https address. Correct it, or put the file by hand "
                f"at {self.path}."
            )

    def transfer(self) -> Generator[tuple[int, int | None], None, None]:
        """Fill the part; yields the bytes done and the total after every chunk.

        Only what happens in here becomes a sentence: the caller's own exceptions stay as they are.
        """
        with self.errors():
            yield from self._transfer()

    def _transfer(self) -> Generator[tuple[int, int | None], None, None]:
        have, headers = self._resume_point()
        response = requests.get(self.url, headers=headers, stream=True, timeout=self.timeout)
        with response:
            if response.status_code == 416 and have:  # the part is no beginning of this file
                self.discard()
                yield from self._transfer()
                return
            if response.status_code not in (200, 206):
                raise self.error(f"The server answered {response.status_code} {response.reason}")
            resumed = response.status_code == 206 and _starts_at(response) == have
            if response.status_code == 206 and not resumed:
                self.discard()
                raise self.error("The server sent another part of the file than was asked for")
            done = have if resumed else 0
            total = _total(response, done)
            if max(total or 0, done) > self.max_bytes:
                raise self.error(f"The file is larger than {self.max_bytes / 2**20:,.0f} MiB")
            self._remember_version(response)
            done = yield from self._write(response, done, total)
        if total is not None and done != total:
            raise self.error(
                f"The transfer broke off after {done:,} of {total:,} bytes", resumable=True
            )

    def _write(
        self, response: requests.Response, done: int, total: int | None
    ) -> Generator[tuple[int, int | None], None, int]:
        limit = self.max_bytes if total is None else min(total, self.max_bytes)
        with self.part.open("ab" if done else "wb") as file:
            for chunk in response.iter_content(CHUNK_BYTES):
                done += len(chunk)
                if done > limit:
                    file.close()
                    self.discard()
                    raise self.error("The server sent more than it announced")
                file.write(chunk)
                yield done, total
        return done

    def _resume_point(self) -> tuple[int, dict[str, str]]:
        headers = {"Accept-Encoding": "identity"}  # sizes and ranges then count the file's bytes
        if self.part.exists() and self.validator_file.exists():
            have = self.part.stat().st_size
            version = self.validator_file.read_text("utf-8")
            if have and version:
                return have, headers | {"Range": f"bytes={have}-", "If-Range": version}
        return 0, headers

    def _remember_version(self, response: requests.Response) -> None:
        version = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
        if version.startswith("W/"):  # a weak mark doesn't promise the same bytes
            version = ""
        self.validator_file.write_text(version, "utf-8")

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
        except requests.exceptions.Timeout as error:
            raise self.error(
                f"No answer for {self.timeout:g} seconds", resumable=self.part.exists()
            ) from error
        except requests.exceptions.ChunkedEncodingError as error:
            raise self.error("The connection broke off", resumable=True) from error
        except requests.exceptions.ConnectionError as error:
            if "timed out" in str(error):
                what = f"No answer for {self.timeout:g} seconds"
            else:
                what = "The server can't be reached; this computer may be offline"
            raise self.error(what, resumable=self.part.exists()) from error
        except requests.exceptions.RequestException as error:
            raise self.error(f"The download failed: {error}") from error
        except OSError as error:
            raise self.error(
                f"The file can't be written ({error.strerror or error}); free some space",
                resumable=True,
            ) from error


def _starts_at(response: requests.Response) -> int | None:
    """The first byte of a partial answer, from "bytes 100-199/200"."""
    span = response.headers.get("Content-Range", "").removeprefix("bytes ").split("-")[0]
    return int(span) if span.isdigit() else None


def _total(response: requests.Response, done: int) -> int | None:
    length = response.headers.get("Content-Length", "")
    return done + int(length) if length.isdigit() else None


def _sha1(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest()

"""HDF5 files of other programs, every dataset checked before it is read.

Only what lies in the file itself: no link to elsewhere, no external storage, no virtual dataset,
no filter but those of HDF5 itself. What is declared is compared with what is stored: a file of
1 kB can declare 10 GB.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from emgproc.errors import EmgprocError, FormatError, TruncatedFileError
from emgproc.readers.matlab_hdf5_heap import GuardedFile
from emgproc.readers.matlab_hdf5_texts import lengths_in_dataset, lengths_in_header

if TYPE_CHECKING:
    import h5py

FREE_BYTES = 64 << 20
MAX_RATIO = 100  # of declared to stored bytes, beyond what is free
MAX_CHUNK_BYTES = 16 << 20
MAX_KEYS = 10_000
MAX_ATTRIBUTE_BYTES = 1 << 16
MAX_TEXT_BYTES = 16 << 20
_FILTERS = {1: "deflate", 2: "shuffle", 3: "fletcher32"}
# What h5py and JSON raise, and what their values do where they are not of the type they should be.
_DAMAGE = (
    ArithmeticError, AttributeError, LookupError, MemoryError, OSError, RuntimeError, TypeError,
    ValueError,
)  # fmt: skip


@contextmanager
def damage_told(name: str) -> Iterator[None]:
    """What goes wrong inside is damage of the file `name`."""
    try:
        yield
    except EmgprocError:
        raise
    except _DAMAGE as error:
        if "truncated" in str(error):
            raise TruncatedFileError(f"{name}: the HDF5 file is cut off: {error}") from error
        raise FormatError(f"{name}: damaged HDF5 file: {error}") from error


def is_text(dtype: "np.dtype[Any]") -> bool:
    """Tell whether h5py reads texts; other values of variable length it may fail on fatally."""
    import h5py

    return h5py.check_string_dtype(dtype) is not None


class Checked:
    """An open HDF5 file that gives out only what may be read and is there.

    Attributes
    ----------
    where
        Name of the file.
    file
        Its root group.
    """

    def __init__(self, path: Path) -> None:
        import h5py

        self.where = path.name
        self._size = path.stat().st_size
        self._left = FREE_BYTES + MAX_RATIO * self._size
        self._bytes = GuardedFile(path)
        try:
            with damage_told(path.name):
                self.file = h5py.File(self._bytes, "r", rdcc_nbytes=MAX_CHUNK_BYTES)
                sizes = self.file.id.get_create_plist().get_sizes()
                self._base = int(self.file.userblock_size)
        except BaseException:
            self._bytes.close()
            raise
        if sizes != (8, 8):
            self.close()
            raise FormatError(f"{path.name}: addresses and lengths of {sizes} bytes, not of 8")

    def keys(self, group: "h5py.Group") -> list[str]:
        """Names in a group; those that are no UTF-8, which MATLAB never writes, are passed over.

        Raises
        ------
        FormatError
            There are more than `MAX_KEYS`.
        """
        if len(group) > MAX_KEYS:
            raise FormatError(f"{self.where}: {len(group)} names in one group")
        return [name for name in group if isinstance(name, str)]

    def child(self, group: "h5py.Group", name: str) -> Any:  # noqa: ANN401 - a group or a dataset
        """What `name` in `group` is; None where there is nothing.

        Raises
        ------
        FormatError
            It is a link to elsewhere.
        """
        import h5py

        link = group.get(name, getlink=True)
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise FormatError(
                f"{self.where}: {name} is a link to elsewhere, which is not followed"
            )
        return group[name]

    def find(self, path: str) -> Any:  # noqa: ANN401 - a group or a dataset
        """What stands at `path` from the root, step by step as `child`."""
        import h5py

        found: Any = self.file
        for name in path.strip("/").split("/"):
            if not isinstance(found, h5py.Group):
                return None
            found = self.child(found, name)
        return found

    def dataset(self, found: Any) -> "h5py.Dataset":  # noqa: ANN401 - whatever the file holds
        """`found` itself if it is a dataset that may be read and is all there.

        Raises
        ------
        FormatError
            It is virtual, stored elsewhere or behind an unknown filter, or no dataset.
        TruncatedFileError
            It declares more than the file holds.
        """
        import h5py

        if not isinstance(found, h5py.Dataset) or found.shape is None:
            raise FormatError(f"{self.where}: {getattr(found, 'name', found)} is no dataset")
        name = found.name
        if found.is_virtual or found.external is not None:
            raise FormatError(f"{self.where}: {name} is stored elsewhere, which is not followed")
        plist = found.id.get_create_plist()
        filters = [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
        unknown = [number for number in filters if number not in _FILTERS]
        if unknown:
            raise FormatError(
                f"{self.where}: {name} is behind the HDF5 filter(s) {unknown}; read are "
                f"{sorted(_FILTERS.values())}"
            )
        self._check_size(found)
        return found

    def _check_size(self, found: "h5py.Dataset") -> None:
        declared = math.prod(found.shape) * found.dtype.itemsize
        stored = found.id.get_storage_size()
        self._left -= declared
        if found.chunks is None:
            lacking = declared > stored
        else:
            whole = math.prod(found.chunks) * found.dtype.itemsize
            if whole > MAX_CHUNK_BYTES:
                raise FormatError(
                    f"{self.where}: {found.name} is stored in pieces of {whole} bytes, at most "
                    f"{MAX_CHUNK_BYTES} are read"
                )
            wanted = [math.ceil(n / c) for n, c in zip(found.shape, found.chunks, strict=True)]
            lacking = declared > 0 and found.id.get_num_chunks() < math.prod(wanted)
        if lacking or stored > self._size or self._left < 0:
            raise TruncatedFileError(
                f"{self.where}: {found.name} declares {declared} bytes of shape {found.shape}, "
                f"{stored} are stored in a file of {self._size}"
            )

    def attribute(self, owner: Any, name: str) -> Any:  # noqa: ANN401 - text or numbers
        """An attribute: text, or an array of at most one dimension; None where there is none.

        Raises
        ------
        FormatError
            It takes more than 64 KiB, or holds neither texts nor numbers.
        """
        import h5py

        if name not in owner.attrs:
            return None
        about = owner.attrs.get_id(name)
        if not (about.dtype.kind in "fiubS" or is_text(about.dtype)):
            raise FormatError(f"{self.where}: the attribute {name} of {owner.name} is no text")
        count = math.prod(about.shape or ())
        too_large = count * about.dtype.itemsize > MAX_ATTRIBUTE_BYTES
        if about.dtype.kind == "O" and not too_large:
            at = h5py.h5o.get_info(owner.id).addr
            lengths = lengths_in_header(self._bytes.piece, at, self._base, name)
            too_large = len(lengths) < count or sum(lengths) > MAX_ATTRIBUTE_BYTES
        if too_large:
            raise FormatError(f"{self.where}: the attribute {name} of {owner.name} is too large")
        value = owner.attrs[name]
        if isinstance(value, bytes):
            return value.decode("utf-8", errors="replace")
        return str(value) if isinstance(value, str) else np.atleast_1d(np.asarray(value)).ravel()

    def texts(self, dataset: "h5py.Dataset") -> list[str]:
        """Texts of a dataset that `dataset` has let through.

        Raises
        ------
        FormatError
            They claim more bytes than the file has or 16 MiB, or cannot be checked.
        """
        if dataset.dtype.kind == "O":
            lengths = lengths_in_dataset(self._bytes.piece, dataset)
            if len(lengths) < dataset.size or sum(lengths) > min(self._size, MAX_TEXT_BYTES):
                raise FormatError(
                    f"{self.where}: {dataset.name} holds {dataset.size} texts that claim "
                    f"{sum(lengths)} bytes"
                )
        values = np.atleast_1d(np.asarray(dataset[()])).ravel().tolist()
        return [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values]

    def close(self) -> None:
        """Let go of the file."""
        self.file.close()
        self._bytes.close()

    @contextmanager
    def samples(self) -> Iterator[None]:
        """Inside, numbers only are read."""
        self._bytes.guarding = False
        try:
            yield
        finally:
            self._bytes.guarding = True

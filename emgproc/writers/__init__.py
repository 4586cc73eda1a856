"""Writing: whole files or none."""

from emgproc.writers.atomic import atomic_path, write_bytes, write_text

__all__ = ["atomic_path", "write_bytes", "write_text"]

"""What this machine allows: memory bandwidth and arithmetic, with the kernels' own vectors.

Reading, copying with ordinary stores, copying past the cache, and fused multiply-adds in
registers. Every kernel of the package does all of its work through these operations, so none can
be faster than they are.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.machine import once
from emgproc._kernels._jit import kernel
from emgproc._kernels._simd import lanes, load, muladd, splat_as, store, stream_transposed
from emgproc._kernels.threads import over_groups

CHAINS = 12  # independent sums, more than a multiply-add has cycles


@kernel
def multiply_add(n: int, out: np.ndarray, first: int) -> None:
    """Twelve chains of `n` multiply-adds, in registers; their sum goes to `out[first:]`."""
    a, c = splat_as(out, 0.5), splat_as(out, 0.25)
    v0, v1, v2, v3, v4, v5 = c, c + a, c + c, a, a + a, c * a
    v6, v7, v8, v9, v10, v11 = c * c, a * a, c - a, a - c, a + c * a, c + a * c
    for _ in range(n):
        v0, v1, v2 = muladd(v0, a, c), muladd(v1, a, c), muladd(v2, a, c)
        v3, v4, v5 = muladd(v3, a, c), muladd(v4, a, c), muladd(v5, a, c)
        v6, v7, v8 = muladd(v6, a, c), muladd(v7, a, c), muladd(v8, a, c)
        v9, v10, v11 = muladd(v9, a, c), muladd(v10, a, c), muladd(v11, a, c)
    total = v0 + v1 + v2 + v3 + v4 + v5 + v6 + v7 + v8 + v9 + v10 + v11
    store(out, first, total)


@kernel
def read(x: np.ndarray, start: int, stop: int, out: np.ndarray, first: int) -> None:
    """Sum of `x[start:stop]`, a multiple of four vectors, per lane, into `out[first:]`."""
    n = lanes(x)
    a = splat_as(x, 0.0)
    b, c, d = a, a, a
    for i in range(start, stop, 4 * n):
        a = a + load(x, i)
        b = b + load(x, i + n)
        c = c + load(x, i + 2 * n)
        d = d + load(x, i + 3 * n)
    store(out, first, a + b + c + d)


@kernel
def copy_past_the_cache(
    x: np.ndarray, y: np.ndarray, rows: np.ndarray, start: int, stop: int
) -> None:
    """Copy `x[start:stop]` in square tiles, each transposed in registers as the filters do."""
    n = lanes(x)
    for i in range(start, stop, n * n):
        stream_transposed(x, i, y, rows, i)


@dataclass(frozen=True)
class Limits:
    """Bytes and floating-point operations per second at one number of threads."""

    threads: int
    read_gb_s: float
    copy_gb_s: float
    stream_gb_s: float
    f64_gflops: float
    f32_gflops: float

    def seconds(self, n_bytes: float, flops: float = 0.0, bits: int = 64) -> float:
        """Least time for this traffic (as fast as the faster copy) and arithmetic."""
        peak = self.f64_gflops if bits == 64 else self.f32_gflops
        bandwidth = max(self.copy_gb_s, self.stream_gb_s)
        return max(n_bytes / bandwidth, flops / peak) * 1e-9

    def or_better(self, other: "Limits") -> "Limits":
        """The larger of each rate: others use the machine too, now more, now less."""
        best = {key: max(value, getattr(other, key)) for key, value in self.as_dict().items()}
        return Limits(**best)

    def as_dict(self) -> dict[str, float]:
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"{self.threads} thread{'s' * (self.threads > 1)}: read {self.read_gb_s:.1f}, copy "
            f"{self.copy_gb_s:.1f}, copy past the cache {self.stream_gb_s:.1f} GB/s; "
            f"multiply-add {self.f64_gflops:.0f} (float64), {self.f32_gflops:.0f} (float32) GFLOPS"
        )


def measure_limits(threads: int, megabytes: int = 192, repeats: int = 5) -> Limits:
    """Time all five with arrays of `megabytes` each, which should be far beyond the caches."""
    n = megabytes * 2**20 // 8 // 1024 * 1024
    x, y = aligned((n,)), aligned((n,))
    x[:], y[:] = 1.0, 0.0
    rows = np.arange(8) * 8
    parts = np.linspace(0, n // 64, threads + 1).astype(int) * 64
    sums = np.zeros(threads * 64)

    def fetch(k: int) -> None:
        read(x, parts[k], parts[k + 1], sums, k * 64)

    def plain(k: int) -> None:
        np.copyto(y[parts[k] : parts[k + 1]], x[parts[k] : parts[k + 1]])

    def stream(k: int) -> None:
        copy_past_the_cache(x, y, rows, parts[k], parts[k + 1])

    def rate(work: Callable[[int], None], amount: float) -> float:
        return amount / _seconds(work, threads, repeats) * 1e-9

    return Limits(
        threads,
        read_gb_s=rate(fetch, x.nbytes),
        copy_gb_s=rate(plain, 2 * x.nbytes),
        stream_gb_s=rate(stream, 2 * x.nbytes),
        f64_gflops=_peak(np.float64, threads, n, repeats),
        f32_gflops=_peak(np.float32, threads, n, repeats),
    )


def _peak(dtype: type, threads: int, n: int, repeats: int) -> float:
    out = np.zeros(threads * 64, dtype)

    def work(k: int) -> None:
        multiply_add(n, out, k * 64)

    flops = 2.0 * CHAINS * (64 // out.itemsize) * n * threads
    return flops / _seconds(work, threads, repeats) * 1e-9


def _seconds(work: Callable[[int], None], threads: int, repeats: int) -> float:
    def part(which: slice) -> None:
        for k in range(which.start, which.stop):
            work(k)

    over_groups(part, threads, threads)
    calls = [once(lambda: over_groups(part, threads, threads)) for _ in range(repeats)]
    return min(call.least_s for call in calls)  # a limit is the best that was seen


def aligned(shape: tuple[int, ...], dtype: type = np.float64) -> np.ndarray:
    """Uninitialised array that begins at a multiple of 64 bytes, as stores past the cache need."""
    n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.empty(n_bytes + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + n_bytes].view(dtype).reshape(shape)

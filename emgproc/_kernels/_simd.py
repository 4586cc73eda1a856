# ruff: noqa: ANN401, ARG001 - typed by numba, through the signatures that are returned
"""A register of 64 bytes for kernels: 8 float64 or 16 float32, one channel (or block) to a lane.

Plain arrays inside numba live in memory, so a recursive filter waits for its own stores; these
values live in registers, and LLVM lowers them to what the processor has (AVX-512, AVX2, NEON,
SSE). Vectors take `+ - * /` and the minus sign. The type of a vector is that of the array it is
loaded from, so one kernel serves both. `_simd_interpreted.py` says what each operation means and
stands in when the JIT is off.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.extending import intrinsic
from numba.core.types.containers import UniTuple

from emgproc._kernels import _simd_interpreted as meaning
from emgproc._kernels._jit import JIT_DISABLED
from emgproc._kernels._simd_types import (
    I1,
    I32,
    I64,
    OF,
    VectorType,
    address,
    converted,
    counts,
    data_of,
    lane_addresses,
    moved_on,
    put,
    repeated,
    row_addresses,
    transposed,
    vector,
    vector_function,
)

_Vector = VectorType  # as caches of earlier versions call it, which numba reads before their stamp


@intrinsic
def _lanes(_typing: Any, array: Any) -> Any:
    n = OF[array.dtype].lanes
    return types.intp(array), lambda _context, _builder, _sig, _args: ir.Constant(I64, n)


@intrinsic
def _load(_typing: Any, array: Any, i: Any) -> Any:
    kind = OF[array.dtype]

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = data_of(context, builder, sig.args[0], args[0])
        return builder.load(address(builder, data, args[1], kind.llvm), align=4)

    return kind(array, types.intp), emit


@intrinsic
def _store(_typing: Any, array: Any, i: Any, v: Any) -> Any:
    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = data_of(context, builder, sig.args[0], args[0])
        builder.store(args[2], address(builder, data, args[1], v.llvm), align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, OF[array.dtype]), emit


@intrinsic(prefer_literal=True)
def _later(_typing: Any, a: Any, before: Any, step: Any) -> Any:
    def emit(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        return moved_on(builder, args[0], args[1], step.literal_value)

    return a(a, a, step), emit


@intrinsic
def _load_counts(_typing: Any, array: Any, raw: Any, at: Any) -> Any:
    kind = OF[array.dtype]

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = data_of(context, builder, sig.args[1], args[1])
        return counts(builder, data, args[2], kind.llvm)

    return kind(array, raw, types.intp), emit


@intrinsic
def _load_scaled(_typing: Any, array: Any, raw: Any, at: Any, gain: Any, zero: Any) -> Any:
    kind, wide = OF[array.dtype], types.float64

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        doubles, data = vector(wide, kind.lanes), data_of(context, builder, sig.args[1], args[1])
        g, z = (repeated(builder, doubles, value) for value in args[3:])
        values = builder.fadd(builder.fmul(counts(builder, data, args[2], doubles), g), z)
        return converted(builder, values, wide, kind.element, kind.lanes)

    return kind(array, raw, types.intp, wide, wide), emit


@intrinsic
def _splat(_typing: Any, s: Any) -> Any:
    kind = OF[types.float64]

    def emit(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        return repeated(builder, kind.llvm, args[0])

    return kind(types.float64), emit


@intrinsic
def _splat_as(_typing: Any, array: Any, s: Any) -> Any:
    kind = OF[array.dtype]

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        value = context.cast(builder, args[1], sig.args[1], kind.element)
        return repeated(builder, kind.llvm, value)

    return kind(array, s), emit


@intrinsic
def _muladd(_typing: Any, a: Any, b: Any, c: Any) -> Any:
    # fmuladd, not fma: a processor without the fused instruction would call a slow library routine
    return a(a, a, a), vector_function("fmuladd")


def _unary(name: str) -> Any:
    return intrinsic(lambda _typing, a: (a(a), vector_function(name)))


def _choosing(comparison: str) -> Any:
    def typed(_typing: Any, a: Any, b: Any, x: Any, y: Any) -> Any:
        def emit(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
            mask = builder.fcmp_ordered(comparison, args[0], args[1])
            return builder.select(mask, args[2], args[3])

        return a(a, a, a, a), emit

    return intrinsic(typed)


@intrinsic
def _bits_above(_typing: Any, a: Any, b: Any) -> Any:
    def emit(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        mask = builder.fcmp_ordered(">", args[0], args[1])
        return builder.zext(builder.bitcast(mask, ir.IntType(a.lanes)), I64)

    return types.int64(a, a), emit


@intrinsic
def _lowest_bit(_typing: Any, bits: Any) -> Any:
    def emit(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(I1, 0))

    return types.int64(types.int64), emit


@intrinsic
def _load_transposed(_typing: Any, x: Any, starts: Any, t: Any, tile: Any, i: Any) -> Any:
    have, want = x.dtype, tile.dtype
    n = OF[want].lanes

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        source, lanes, rows = (data_of(context, builder, sig.args[k], args[k]) for k in (0, 1, 3))
        vectors = [
            converted(builder, builder.load(where, align=4), have, want, n)
            for where in lane_addresses(builder, source, lanes, args[2], vector(have, n), n)
        ]
        targets = row_addresses(builder, rows, args[4], vector(want, n))
        for where, v in zip(targets, transposed(builder, vectors), strict=True):
            builder.store(v, where, align=8)
        return context.get_dummy_value()

    return types.void(x, starts, types.intp, tile, types.intp), emit


def _storing_transposed(past_the_cache: bool) -> Any:
    def typed(
        _typing: Any, tile: Any, i: Any, y: Any, starts: Any, t: Any, gain: Any = None
    ) -> Any:
        have, want = tile.dtype, y.dtype
        wide = want if want.bitwidth > have.bitwidth else have
        factor = types.none if gain is None else wide
        n = OF[have].lanes

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            rows, target, lanes = (
                data_of(context, builder, sig.args[k], args[k]) for k in (0, 2, 3)
            )
            vectors = [
                converted(builder, builder.load(where, align=8), have, wide, n)
                for where in row_addresses(builder, rows, args[1], vector(have, n))
            ]
            if factor == wide:
                g = repeated(builder, vector(wide, n), args[5])
                vectors = [builder.fmul(g, v) for v in vectors]
            targets = lane_addresses(builder, target, lanes, args[4], vector(want, n), n)
            narrow = [converted(builder, v, wide, want, n) for v in vectors]
            put(builder, narrow, targets, past_the_cache)
            return context.get_dummy_value()

        return types.void(tile, types.intp, y, starts, types.intp, factor), emit

    return intrinsic(typed)


@intrinsic
def _load_rows(_typing: Any, x: Any, starts: Any, t: Any) -> Any:
    have, want = x.dtype, types.float64
    n = OF[want].lanes
    rows = UniTuple(OF[want], n)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        source, lanes = (data_of(context, builder, sig.args[k], args[k]) for k in (0, 1))
        vectors = [
            builder.load(where, align=4)
            for where in lane_addresses(builder, source, lanes, args[2], vector(have, n), n)
        ]
        found = [converted(builder, v, have, want, n) for v in transposed(builder, vectors)]
        return context.make_tuple(builder, rows, found)

    return rows(x, starts, types.intp), emit


def _storing_rows(past_the_cache: bool) -> Any:
    def typed(_typing: Any, rows: Any, y: Any, starts: Any, t: Any) -> Any:
        have, want, n = rows.dtype.element, y.dtype, rows.count

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            target, lanes = (data_of(context, builder, sig.args[k], args[k]) for k in (1, 2))
            values = [builder.extract_value(args[0], k) for k in range(n)]
            narrow = [converted(builder, v, have, want, n) for v in values]
            put(
                builder,
                narrow,
                lane_addresses(builder, target, lanes, args[3], vector(want, n), n),
                past_the_cache,
            )
            return context.get_dummy_value()

        return types.void(rows, y, starts, types.intp), emit

    return intrinsic(typed)


@intrinsic
def _prefetch_lanes(_typing: Any, x: Any, starts: Any, t: Any) -> Any:
    lanes = OF[x.dtype].lanes

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        source, firsts = (data_of(context, builder, sig.args[k], args[k]) for k in (0, 1))
        declared = ir.FunctionType(ir.VoidType(), [ir.IntType(8).as_pointer(), I32, I32, I32])
        function = cgutils.get_or_insert_function(builder.module, declared, "llvm.prefetch.p0")
        how = [ir.Constant(I32, k) for k in (0, 3, 1)]  # to read; into the first cache; data
        for where in lane_addresses(builder, source, firsts, args[2], ir.IntType(8), lanes):
            builder.call(function, [where, *how])
        return context.get_dummy_value()

    return types.void(x, starts, types.intp), emit


_compiled: dict[str, Any] = {
    "lanes": _lanes, "load": _load, "store": _store, "splat": _splat, "splat_as": _splat_as,
    "muladd": _muladd, "magnitude": _unary("fabs"), "root": _unary("sqrt"),
    "later": _later, "where_above": _choosing(">"), "where_at_least": _choosing(">="),
    "bits_above": _bits_above, "lowest_bit": _lowest_bit,
    "load_transposed": _load_transposed, "store_transposed": _storing_transposed(False),
    "stream_transposed": _storing_transposed(True), "prefetch_lanes": _prefetch_lanes,
    "load_rows": _load_rows, "store_rows": _storing_rows(False),
    "stream_rows": _storing_rows(True),
    "load_counts": _load_counts, "load_scaled": _load_scaled,
}  # fmt: skip


def _chosen(name: str) -> Any:
    return getattr(meaning, name) if JIT_DISABLED else _compiled[name]


lanes, load, store = _chosen("lanes"), _chosen("load"), _chosen("store")
splat, splat_as, muladd = _chosen("splat"), _chosen("splat_as"), _chosen("muladd")
magnitude, root = _chosen("magnitude"), _chosen("root")
later = _chosen("later")
where_above, where_at_least = _chosen("where_above"), _chosen("where_at_least")
bits_above, lowest_bit = _chosen("bits_above"), _chosen("lowest_bit")
load_transposed, store_transposed = _chosen("load_transposed"), _chosen("store_transposed")
stream_transposed, prefetch_lanes = _chosen("stream_transposed"), _chosen("prefetch_lanes")
load_rows, store_rows = _chosen("load_rows"), _chosen("store_rows")
stream_rows = _chosen("stream_rows")
load_counts, load_scaled = _chosen("load_counts"), _chosen("load_scaled")

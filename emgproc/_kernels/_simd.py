# ruff: noqa: ANN401, ARG001 - typed by numba, through the signatures that are returned
"""A register of eight float64 lanes for kernels, one channel (or block of one) to a lane.

Plain arrays inside numba live in memory, so a recursive filter waits for its own stores; these
values live in registers, and LLVM lowers them to what the processor has (AVX-512, AVX2, NEON,
SSE). `_simd_interpreted.py` says what each operation means and stands in when the JIT is off.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.extending import intrinsic, models, register_model

from emgproc._kernels import _simd_interpreted as meaning
from emgproc._kernels._jit import JIT_DISABLED

LANES = meaning.LANES

_I32 = ir.IntType(32)
_LLVM = ir.VectorType(ir.DoubleType(), LANES)
_ORDER = ir.VectorType(_I32, LANES)


class _Vector(types.Type):
    def __init__(self) -> None:
        super().__init__(name="float64x8")


VECTOR = _Vector()


@register_model(_Vector)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, _LLVM)


def _data(context: Any, builder: Any, kind: Any, array: Any) -> Any:
    return cgutils.create_struct_proxy(kind)(context, builder, value=array).data


def _address(builder: Any, data: Any, index: Any) -> Any:
    return builder.bitcast(builder.gep(data, [index]), _LLVM.as_pointer())


def _call(name: str) -> Any:
    """Code generator of LLVM's vector function `llvm.<name>`."""

    def emit(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(_LLVM, [_LLVM] * len(args))
        function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v8f64")
        return builder.call(function, args)

    return emit


def _transposed(builder: Any, rows: list[Any]) -> list[Any]:
    """8 × 8 transpose in registers: three rounds of pairwise interleaving."""
    step = 1
    while step < LANES:
        low = ir.Constant(_ORDER, [LANES + j - step if j & step else j for j in range(LANES)])
        high = ir.Constant(_ORDER, [LANES + j if j & step else j + step for j in range(LANES)])
        for i in range(LANES):
            if not i & step:
                a, b = rows[i], rows[i + step]
                rows[i] = builder.shuffle_vector(a, b, low)
                rows[i + step] = builder.shuffle_vector(a, b, high)
        step *= 2
    return rows


def _lane_addresses(builder: Any, data: Any, starts: Any, t: Any) -> list[Any]:
    """Address of sample `t` after `starts[lane]`, for each lane."""
    found = []
    for lane in range(LANES):
        first = builder.load(builder.gep(starts, [ir.Constant(ir.IntType(64), lane)]))
        found.append(_address(builder, data, builder.add(first, t)))
    return found


def _row_addresses(builder: Any, data: Any, i: Any) -> list[Any]:
    """Addresses of eight rows of a tile from flat index `i`."""
    return [
        _address(builder, data, builder.add(i, ir.Constant(ir.IntType(64), row * LANES)))
        for row in range(LANES)
    ]


@intrinsic
def _load(_typing: Any, array: Any, i: Any) -> Any:
    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = _data(context, builder, sig.args[0], args[0])
        return builder.load(_address(builder, data, args[1]), align=8)

    return VECTOR(array, types.intp), emit


@intrinsic
def _store(_typing: Any, array: Any, i: Any, v: Any) -> Any:
    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = _data(context, builder, sig.args[0], args[0])
        builder.store(args[2], _address(builder, data, args[1]), align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, VECTOR), emit


@intrinsic
def _splat(_typing: Any, s: Any) -> Any:
    def emit(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        none = ir.Constant(_LLVM, ir.Undefined)
        one = builder.insert_element(none, args[0], ir.Constant(_I32, 0))
        return builder.shuffle_vector(one, none, ir.Constant(_ORDER, [0] * LANES))

    return VECTOR(types.float64), emit


@intrinsic
def _muladd(_typing: Any, a: Any, b: Any, c: Any) -> Any:
    # fmuladd, not fma: a processor without the fused instruction would call a slow library routine
    return VECTOR(VECTOR, VECTOR, VECTOR), _call("fmuladd")


@intrinsic
def _mul(_typing: Any, a: Any, b: Any) -> Any:
    return VECTOR(VECTOR, VECTOR), lambda _context, builder, _sig, args: builder.fmul(*args)


@intrinsic
def _add(_typing: Any, a: Any, b: Any) -> Any:
    return VECTOR(VECTOR, VECTOR), lambda _context, builder, _sig, args: builder.fadd(*args)


@intrinsic
def _magnitude(_typing: Any, a: Any) -> Any:
    return VECTOR(VECTOR), _call("fabs")


@intrinsic
def _root(_typing: Any, a: Any) -> Any:
    return VECTOR(VECTOR), _call("sqrt")


@intrinsic
def _load_transposed(_typing: Any, x: Any, starts: Any, t: Any, tile: Any, i: Any) -> Any:
    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        source, lanes, rows = (_data(context, builder, sig.args[k], args[k]) for k in (0, 1, 3))
        vectors = [
            builder.load(where, align=8)
            for where in _lane_addresses(builder, source, lanes, args[2])
        ]
        for where, v in zip(
            _row_addresses(builder, rows, args[4]), _transposed(builder, vectors), strict=True
        ):
            builder.store(v, where, align=8)
        return context.get_dummy_value()

    return types.void(x, starts, types.intp, tile, types.intp), emit


@intrinsic
def _store_transposed(_typing: Any, tile: Any, i: Any, y: Any, starts: Any, t: Any) -> Any:
    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        rows, target, lanes = (_data(context, builder, sig.args[k], args[k]) for k in (0, 2, 3))
        vectors = [
            builder.load(where, align=8) for where in _row_addresses(builder, rows, args[1])
        ]
        for where, v in zip(
            _lane_addresses(builder, target, lanes, args[4]),
            _transposed(builder, vectors),
            strict=True,
        ):
            builder.store(v, where, align=8)
        return context.get_dummy_value()

    return types.void(tile, types.intp, y, starts, types.intp), emit


load: Any = meaning.load if JIT_DISABLED else _load
store: Any = meaning.store if JIT_DISABLED else _store
splat: Any = meaning.splat if JIT_DISABLED else _splat
muladd: Any = meaning.muladd if JIT_DISABLED else _muladd
mul: Any = meaning.mul if JIT_DISABLED else _mul
add: Any = meaning.add if JIT_DISABLED else _add
magnitude: Any = meaning.magnitude if JIT_DISABLED else _magnitude
root: Any = meaning.root if JIT_DISABLED else _root
load_transposed: Any = meaning.load_transposed if JIT_DISABLED else _load_transposed
store_transposed: Any = meaning.store_transposed if JIT_DISABLED else _store_transposed

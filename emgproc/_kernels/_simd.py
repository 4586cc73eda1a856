# ruff: noqa: ANN401, ARG001 - typed by numba, through the signatures that are returned
"""A register of 64 bytes for kernels: 8 float64 or 16 float32, one channel (or block) to a lane.

Plain arrays inside numba live in memory, so a recursive filter waits for its own stores; these
values live in registers, and LLVM lowers them to what the processor has (AVX-512, AVX2, NEON,
SSE). Vectors take `+ - * /` and the minus sign. The type of a vector is that of the array it is
loaded from, so one kernel serves both. `_simd_interpreted.py` says what each operation means and
stands in when the JIT is off.
"""

import operator
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.extending import intrinsic, models, overload, register_model

from emgproc._kernels import _simd_interpreted as meaning
from emgproc._kernels._jit import JIT_DISABLED

_I1, _I32, _I64 = ir.IntType(1), ir.IntType(32), ir.IntType(64)


class _Vector(types.Type):
    def __init__(self, element: Any) -> None:
        self.element = element
        self.lanes = 64 * 8 // element.bitwidth
        super().__init__(name=f"{element}x{self.lanes}")

    @property
    def llvm(self) -> Any:
        return _vector(self.element, self.lanes)


@register_model(_Vector)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, fe_type.llvm)


_OF = {kind: _Vector(kind) for kind in (types.float32, types.float64)}


def _vector(element: Any, lanes: int) -> Any:
    return ir.VectorType(ir.FloatType() if element.bitwidth == 32 else ir.DoubleType(), lanes)


def _data(context: Any, builder: Any, kind: Any, array: Any) -> Any:
    return cgutils.create_struct_proxy(kind)(context, builder, value=array).data


def _address(builder: Any, data: Any, index: Any, llvm: Any) -> Any:
    return builder.bitcast(builder.gep(data, [index]), llvm.as_pointer())


def _call(name: str) -> Any:
    """Code generator of LLVM's vector function `llvm.<name>`."""

    def emit(_context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = sig.args[0]
        llvm, suffix = kind.llvm, f"v{kind.lanes}f{kind.element.bitwidth}"
        declared = ir.FunctionType(llvm, [llvm] * len(args))
        function = cgutils.get_or_insert_function(
            builder.module, declared, f"llvm.{name}.{suffix}"
        )
        return builder.call(function, args)

    return emit


def _repeated(builder: Any, llvm: Any, value: Any) -> Any:
    none = ir.Constant(llvm, ir.Undefined)
    one = builder.insert_element(none, value, ir.Constant(_I32, 0))
    order = ir.Constant(ir.VectorType(_I32, llvm.count), [0] * llvm.count)
    return builder.shuffle_vector(one, none, order)


def _converted(builder: Any, value: Any, have: Any, want: Any, lanes: int) -> Any:
    """Vector of another width of float."""
    if have == want:
        return value
    change = builder.fpext if have.bitwidth < want.bitwidth else builder.fptrunc
    return change(value, _vector(want, lanes))


def _transposed(builder: Any, rows: list[Any]) -> list[Any]:
    """Square transpose in registers: rounds of pairwise interleaving."""
    n, step = len(rows), 1
    order = ir.VectorType(_I32, n)
    while step < n:
        low = ir.Constant(order, [n + j - step if j & step else j for j in range(n)])
        high = ir.Constant(order, [n + j if j & step else j + step for j in range(n)])
        for i in range(n):
            if not i & step:
                a, b = rows[i], rows[i + step]
                rows[i] = builder.shuffle_vector(a, b, low)
                rows[i + step] = builder.shuffle_vector(a, b, high)
        step *= 2
    return rows


def _lane_addresses(builder: Any, data: Any, starts: Any, t: Any, llvm: Any) -> list[Any]:
    """Address of sample `t` after `starts[lane]`, for each lane."""
    found = []
    for lane in range(llvm.count):
        first = builder.load(builder.gep(starts, [ir.Constant(_I64, lane)]))
        found.append(_address(builder, data, builder.add(first, t), llvm))
    return found


def _row_addresses(builder: Any, data: Any, i: Any, llvm: Any) -> list[Any]:
    """Addresses of the rows of a square tile from flat index `i`."""
    n = llvm.count
    return [
        _address(builder, data, builder.add(i, ir.Constant(_I64, row * n)), llvm)
        for row in range(n)
    ]


@intrinsic
def _lanes(_typing: Any, array: Any) -> Any:
    n = _OF[array.dtype].lanes
    return types.intp(array), lambda _context, _builder, _sig, _args: ir.Constant(_I64, n)


@intrinsic
def _load(_typing: Any, array: Any, i: Any) -> Any:
    kind = _OF[array.dtype]

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = _data(context, builder, sig.args[0], args[0])
        return builder.load(_address(builder, data, args[1], kind.llvm), align=8)

    return kind(array, types.intp), emit


@intrinsic
def _store(_typing: Any, array: Any, i: Any, v: Any) -> Any:
    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = _data(context, builder, sig.args[0], args[0])
        builder.store(args[2], _address(builder, data, args[1], v.llvm), align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, _OF[array.dtype]), emit


@intrinsic
def _splat(_typing: Any, s: Any) -> Any:
    kind = _OF[types.float64]

    def emit(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        return _repeated(builder, kind.llvm, args[0])

    return kind(types.float64), emit


@intrinsic
def _splat_as(_typing: Any, array: Any, s: Any) -> Any:
    kind = _OF[array.dtype]

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        value = context.cast(builder, args[1], sig.args[1], kind.element)
        return _repeated(builder, kind.llvm, value)

    return kind(array, s), emit


@intrinsic
def _muladd(_typing: Any, a: Any, b: Any, c: Any) -> Any:
    # fmuladd, not fma: a processor without the fused instruction would call a slow library routine
    return a(a, a, a), _call("fmuladd")


def _unary(name: str) -> Any:
    return intrinsic(lambda _typing, a: (a(a), _call(name)))


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
        return builder.zext(builder.bitcast(mask, ir.IntType(a.lanes)), _I64)

    return types.int64(a, a), emit


@intrinsic
def _lowest_bit(_typing: Any, bits: Any) -> Any:
    def emit(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(_I1, 0))

    return types.int64(types.int64), emit


@intrinsic
def _load_transposed(_typing: Any, x: Any, starts: Any, t: Any, tile: Any, i: Any) -> Any:
    have, want = x.dtype, tile.dtype
    n = _OF[want].lanes

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        source, lanes, rows = (_data(context, builder, sig.args[k], args[k]) for k in (0, 1, 3))
        vectors = [
            _converted(builder, builder.load(where, align=4), have, want, n)
            for where in _lane_addresses(builder, source, lanes, args[2], _vector(have, n))
        ]
        targets = _row_addresses(builder, rows, args[4], _vector(want, n))
        for where, v in zip(targets, _transposed(builder, vectors), strict=True):
            builder.store(v, where, align=8)
        return context.get_dummy_value()

    return types.void(x, starts, types.intp, tile, types.intp), emit


def _storing_transposed(past_the_cache: bool) -> Any:
    def typed(_typing: Any, tile: Any, i: Any, y: Any, starts: Any, t: Any) -> Any:
        have, want = tile.dtype, y.dtype
        n = _OF[have].lanes

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            rows, target, lanes = (
                _data(context, builder, sig.args[k], args[k]) for k in (0, 2, 3)
            )
            vectors = [
                builder.load(where, align=8)
                for where in _row_addresses(builder, rows, args[1], _vector(have, n))
            ]
            targets = _lane_addresses(builder, target, lanes, args[4], _vector(want, n))
            for where, v in zip(targets, _transposed(builder, vectors), strict=True):
                whole = n * want.bitwidth // 8
                narrow = _converted(builder, v, have, want, n)
                stored = builder.store(narrow, where, align=whole if past_the_cache else 4)
                if past_the_cache:
                    mark = builder.module.add_metadata([ir.Constant(_I32, 1)])
                    stored.set_metadata("nontemporal", mark)
            return context.get_dummy_value()

        return types.void(tile, types.intp, y, starts, types.intp), emit

    return intrinsic(typed)


def _binary(symbol: Any, method: str) -> None:
    """Give vectors one of Python's operators of two operands."""

    @intrinsic
    def apply(_typing: Any, a: Any, b: Any) -> Any:
        return a(a, a), lambda _context, builder, _sig, args: getattr(builder, method)(*args)

    @overload(symbol)
    def choose(a: Any, b: Any) -> Any:
        def implementation(a: Any, b: Any) -> Any:
            return apply(a, b)  # type: ignore[call-arg]  # numba adds the typing context

        return implementation if isinstance(a, _Vector) and a == b else None


@intrinsic
def _negative(_typing: Any, a: Any) -> Any:
    return a(a), lambda _context, builder, _sig, args: builder.fneg(*args)


@overload(operator.neg)
def _choose_negative(a: Any) -> Any:
    def implementation(a: Any) -> Any:
        return _negative(a)  # type: ignore[call-arg]

    return implementation if isinstance(a, _Vector) else None


_binary(operator.add, "fadd")
_binary(operator.sub, "fsub")
_binary(operator.mul, "fmul")
_binary(operator.truediv, "fdiv")

_compiled: dict[str, Any] = {
    "lanes": _lanes, "load": _load, "store": _store, "splat": _splat, "splat_as": _splat_as,
    "muladd": _muladd, "magnitude": _unary("fabs"), "root": _unary("sqrt"),
    "where_above": _choosing(">"), "where_at_least": _choosing(">="),
    "bits_above": _bits_above, "lowest_bit": _lowest_bit,
    "load_transposed": _load_transposed, "store_transposed": _storing_transposed(False),
    "stream_transposed": _storing_transposed(True),
}  # fmt: skip


def _chosen(name: str) -> Any:
    return getattr(meaning, name) if JIT_DISABLED else _compiled[name]


lanes, load, store = _chosen("lanes"), _chosen("load"), _chosen("store")
splat, splat_as, muladd = _chosen("splat"), _chosen("splat_as"), _chosen("muladd")
magnitude, root = _chosen("magnitude"), _chosen("root")
where_above, where_at_least = _chosen("where_above"), _chosen("where_at_least")
bits_above, lowest_bit = _chosen("bits_above"), _chosen("lowest_bit")
load_transposed, store_transposed = _chosen("load_transposed"), _chosen("store_transposed")
stream_transposed = _chosen("stream_transposed")

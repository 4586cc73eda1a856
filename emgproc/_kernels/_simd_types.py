# ruff: noqa: ANN401 - typed by numba, through the signatures that are returned
"""The type of a vector and its operators, and what code generators of operations share."""

import operator
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.extending import lower_builtin, models, register_model
from numba.core.typing.templates import AbstractTemplate, infer_global, signature

I1, I32, I64 = ir.IntType(1), ir.IntType(32), ir.IntType(64)


class VectorType(types.Type):
    def __init__(self, element: Any) -> None:
        self.element = element
        self.lanes = 64 * 8 // element.bitwidth
        super().__init__(name=f"{element}x{self.lanes}")

    @property
    def llvm(self) -> Any:
        return vector(self.element, self.lanes)


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, fe_type.llvm)


OF = {kind: VectorType(kind) for kind in (types.float32, types.float64)}


def vector(element: Any, lanes: int) -> Any:
    return ir.VectorType(ir.FloatType() if element.bitwidth == 32 else ir.DoubleType(), lanes)


def vector_function(name: str) -> Any:
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


def data_of(context: Any, builder: Any, kind: Any, array: Any) -> Any:
    return cgutils.create_struct_proxy(kind)(context, builder, value=array).data


def address(builder: Any, data: Any, index: Any, llvm: Any) -> Any:
    return builder.bitcast(builder.gep(data, [index]), llvm.as_pointer())


def repeated(builder: Any, llvm: Any, value: Any) -> Any:
    none = ir.Constant(llvm, ir.Undefined)
    one = builder.insert_element(none, value, ir.Constant(I32, 0))
    order = ir.Constant(ir.VectorType(I32, llvm.count), [0] * llvm.count)
    return builder.shuffle_vector(one, none, order)


def converted(builder: Any, value: Any, have: Any, want: Any, lanes: int) -> Any:
    """Vector of another width of float."""
    if have == want:
        return value
    change = builder.fpext if have.bitwidth < want.bitwidth else builder.fptrunc
    return change(value, vector(want, lanes))


def transposed(builder: Any, rows: list[Any]) -> list[Any]:
    """Square transpose in registers: rounds of pairwise interleaving."""
    n, step = len(rows), 1
    order = ir.VectorType(I32, n)
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


def lane_addresses(
    builder: Any, data: Any, starts: Any, t: Any, llvm: Any, lanes: int
) -> list[Any]:
    """Address of sample `t` after `starts[lane]`, for each lane."""
    found = []
    for lane in range(lanes):
        first = builder.load(builder.gep(starts, [ir.Constant(I64, lane)]))
        found.append(address(builder, data, builder.add(first, t), llvm))
    return found


def row_addresses(builder: Any, data: Any, i: Any, llvm: Any) -> list[Any]:
    """Addresses of the rows of a square tile from flat index `i`."""
    n = llvm.count
    return [
        address(builder, data, builder.add(i, ir.Constant(I64, row * n)), llvm) for row in range(n)
    ]


def moved_on(builder: Any, v: Any, before: Any, step: int) -> Any:
    """Lanes moved up by `step`; the last of `before` go in."""
    n = v.type.count
    order = ir.Constant(ir.VectorType(I32, n), [*range(n - step, 2 * n - step)])
    return builder.shuffle_vector(before, v, order)


def put(builder: Any, rows: list[Any], targets: list[Any], past_the_cache: bool) -> None:
    """Store the transpose of rows, a lane to a target."""
    for where, v in zip(targets, transposed(builder, rows), strict=True):
        whole = v.type.count * (4 if v.type.element == ir.FloatType() else 8)
        stored = builder.store(v, where, align=whole if past_the_cache else 4)
        if past_the_cache:
            mark = builder.module.add_metadata([ir.Constant(I32, 1)])
            stored.set_metadata("nontemporal", mark)


def counts(builder: Any, data: Any, at: Any, llvm: Any) -> Any:
    """Values of two bytes, the lower first, from byte `at` on, as a vector of floats."""
    words = ir.VectorType(ir.IntType(16), llvm.count)
    return builder.sitofp(builder.load(address(builder, data, at, words), align=1), llvm)


def _operator(symbol: Any, method: str, n: int) -> None:
    """Give vectors one of Python's operators of n operands; `overload` would compile each anew."""

    @infer_global(symbol)
    class _Typed(AbstractTemplate):  # type: ignore[misc]
        def generic(self, args: Any, _named: Any) -> Any:
            same = all(isinstance(a, VectorType) and a == args[0] for a in args)
            return signature(args[0], *args) if same else None

    @lower_builtin(symbol, *[VectorType] * n)
    def _emit(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        return getattr(builder, method)(*args)


_operator(operator.add, "fadd", 2)
_operator(operator.sub, "fsub", 2)
_operator(operator.mul, "fmul", 2)
_operator(operator.truediv, "fdiv", 2)
_operator(operator.neg, "fneg", 1)

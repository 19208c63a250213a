"""Sixteen numbers side by side, for compiled loops: a type of its own, and what can be done with it.

numba's own vectoriser gives up on short inner loops that carry sums; here LLVM is told what is meant. Without
compilation (NUMBA_DISABLE_JIT) the same names work on numpy rows. Nothing is contracted: a product and a sum round
twice, so that results are the same on every machine.
"""
# ruff: noqa: ARG001, ARG005  # numba counts the arguments and compares their names

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import extending
from numba.core import types

LANES = 16  # a row of a table n x 16 of float64 is two cache lines, and two AVX-512 registers


intrinsic: Callable[[Any], Any] = cast(Any, extending.intrinsic)  # in its own types the context counts as an argument
overload: Callable[..., Callable[[Any], Any]] = cast(Any, extending.overload)


class _LanesType(types.Type):
    def __init__(self) -> None:
        super().__init__(name=f"lanes{LANES}")


_lanes = _LanesType()
_VECTOR = ir.VectorType(ir.DoubleType(), LANES)


@extending.register_model(_LanesType)
class _LanesModel(extending.models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, _VECTOR)  # type: ignore[no-untyped-call]


def load(table: Any, row: int) -> Any:
    """Row of a C-ordered table of LANES columns."""
    return np.array(table[row])


def store(table: Any, row: int, value: Any) -> None:
    """Write a row."""
    table[row] = value


def zero() -> Any:
    """Nothing in any lane."""
    return np.zeros(LANES)


def add_times(total: Any, share: float, value: Any) -> Any:
    """Return total + share * value."""
    return total + share * value


def times(a: Any, b: Any) -> Any:
    """Return a * b."""
    return a * b


def plus(a: Any, b: Any) -> Any:
    """Return a + b."""
    return a + b


def minus(a: Any, b: Any) -> Any:
    """Return a - b."""
    return a - b


def over(a: Any, b: Any) -> Any:
    """Return a / b."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return a / b


def splat(number: float) -> Any:
    """Return one number in every lane."""
    return np.full(LANES, number)


def larger(a: Any, b: Any) -> Any:
    """Return the larger, lane by lane."""
    return np.maximum(a, b)


def at_most_one(a: Any) -> Any:
    """Return the smaller of each lane and 1."""
    return np.minimum(a, 1.0)


def where_above(a: Any, b: Any, yes: Any, no: Any) -> Any:
    """Return `yes` in lanes where a > b, elsewhere `no`."""
    return np.where(a > b, yes, no)


def any_above(a: Any, b: Any) -> bool:
    """Whether a > b in any lane."""
    return bool((a > b).any())


def aligned(n: int) -> Any:
    """Zeros, n x LANES, whose rows start where cache lines do."""
    cells = np.zeros(n * LANES + 8)
    start = -cells.ctypes.data % 64 // 8
    return cells[start : start + n * LANES].reshape(n, LANES)


def _row(context: Any, builder: Any, table_type: Any, table: Any, row: Any) -> Any:
    data = context.make_array(table_type)(context, builder, table).data
    first = builder.gep(data, [builder.mul(row, ir.Constant(row.type, LANES))])
    return builder.bitcast(first, _VECTOR.as_pointer())


def _splat(builder: Any, number: Any) -> Any:
    one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), number, ir.Constant(ir.IntType(32), 0))
    picks = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(one, ir.Constant(_VECTOR, ir.Undefined), picks)


@intrinsic
def _load(_: Any, table: Any, row: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_row(context, builder, signature.args[0], *args), align=8)

    return _lanes(table, types.intp), code


@intrinsic
def _store(_: Any, table: Any, row: Any, value: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], _row(context, builder, signature.args[0], *args[:2]), align=8)
        return context.get_dummy_value()

    return types.void(table, types.intp, value), code


@intrinsic
def _zero(_: Any) -> Any:
    return _lanes(), lambda *_: ir.Constant(_VECTOR, [0.0] * LANES)


@intrinsic
def _add_times(_: Any, total: Any, share: Any, value: Any) -> Any:
    def code(_: Any, builder: Any, __: Any, args: Any) -> Any:
        return builder.fadd(args[0], builder.fmul(_splat(builder, args[1]), args[2]))

    return _lanes(total, types.float64, value), code


@intrinsic
def _times(_: Any, a: Any, b: Any) -> Any:
    return _lanes(a, b), lambda _, builder, __, args: builder.fmul(*args)


@intrinsic
def _plus(_: Any, a: Any, b: Any) -> Any:
    return _lanes(a, b), lambda _, builder, __, args: builder.fadd(*args)


@intrinsic
def _over(_: Any, a: Any, b: Any) -> Any:
    return _lanes(a, b), lambda _, builder, __, args: builder.fdiv(*args)


@intrinsic
def _filled(_: Any, number: Any) -> Any:
    return _lanes(types.float64), lambda _, builder, __, args: _splat(builder, args[0])


@intrinsic
def _minus(_: Any, a: Any, b: Any) -> Any:
    return _lanes(a, b), lambda _, builder, __, args: builder.fsub(*args)


@intrinsic
def _larger(_: Any, a: Any, b: Any) -> Any:
    def code(_: Any, builder: Any, __: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">", *args), *args)

    return _lanes(a, b), code


@intrinsic
def _at_most_one(_: Any, a: Any) -> Any:
    def code(_: Any, builder: Any, __: Any, args: Any) -> Any:
        one = ir.Constant(_VECTOR, [1.0] * LANES)
        return builder.select(builder.fcmp_ordered("<", args[0], one), args[0], one)

    return _lanes(a), code


@intrinsic
def _where_above(_: Any, a: Any, b: Any, yes: Any, no: Any) -> Any:
    def code(_: Any, builder: Any, __: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">", *args[:2]), *args[2:])

    return _lanes(a, b, yes, no), code


@intrinsic
def _any_above(_: Any, a: Any, b: Any) -> Any:
    def code(_: Any, builder: Any, __: Any, args: Any) -> Any:
        bits = builder.bitcast(builder.fcmp_ordered(">", *args), ir.IntType(LANES))
        return builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(LANES), 0))

    return types.boolean(a, b), code


overload(load, inline="always")(lambda table, row: lambda table, row: _load(table, row))
overload(store, inline="always")(lambda table, row, value: lambda table, row, value: _store(table, row, value))
overload(zero, inline="always")(lambda: lambda: _zero())
overload(add_times, inline="always")(
    lambda total, share, value: lambda total, share, value: _add_times(total, share, value)
)
overload(times, inline="always")(lambda a, b: lambda a, b: _times(a, b))
overload(minus, inline="always")(lambda a, b: lambda a, b: _minus(a, b))
overload(larger, inline="always")(lambda a, b: lambda a, b: _larger(a, b))
overload(at_most_one, inline="always")(lambda a: lambda a: _at_most_one(a))
overload(plus, inline="always")(lambda a, b: lambda a, b: _plus(a, b))
overload(over, inline="always")(lambda a, b: lambda a, b: _over(a, b))
overload(splat, inline="always")(lambda number: lambda number: _filled(number))
overload(where_above, inline="always")(lambda a, b, yes, no: lambda a, b, yes, no: _where_above(a, b, yes, no))
overload(any_above, inline="always")(lambda a, b: lambda a, b: _any_above(a, b))

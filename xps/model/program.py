"""Arithmetic expressions between parameters: parsed without eval, with exact gradients."""

import ast
import math
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.core.errors import SettingError

Floats = NDArray[np.floating[Any]]

#: operations of the stack machine; a program is a row of (operation, argument) pairs
_NAMES = (
    "constant", "parameter", "+", "-", "*", "/", "**", "negate", "exp", "log", "sqrt", "sin", "cos", "tan",
    "arctan", "abs", "log10", "sinh", "cosh", "tanh", "minimum", "maximum", "where", "<", ">",
)  # fmt: skip
_OPS = {name: float(number) for number, name in enumerate(_NAMES)}
_FUNCTIONS = {
    "exp": "exp", "log": "log", "sqrt": "sqrt", "sin": "sin", "cos": "cos", "tan": "tan",
    "arctan": "arctan", "atan": "arctan", "abs": "abs", "log10": "log10", "sinh": "sinh", "cosh": "cosh",
    "tanh": "tanh", "min": "minimum", "max": "maximum", "minimum": "minimum", "maximum": "maximum",
    "where": "where",
}  # fmt: skip
_ARITY = {"minimum": 2, "maximum": 2, "where": 3}
_BINARY: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.Lt: "<", ast.Gt: ">",
    ast.LtE: "<", ast.GtE: ">",
}  # fmt: skip
_CONSTANTS = {"pi": math.pi, "e": math.e}
_LONGEST = 2000


def parse(text: str, names: Mapping[str, int]) -> Floats:
    """Return the program of an expression.

    Parameters
    ----------
    text
        As lmfit writes it: + - * / **, comparisons inside ``where(condition, a, b)``, ``a if condition else
        b``, exp, log, log10, sqrt, sin, cos, tan, arctan, sinh, cosh, tanh, abs, min, max, pi.
    names
        Parameters by the name that the expression uses.

    Returns
    -------
    ndarray
        (n, 2): operations and their arguments, for :func:`run`.

    Raises
    ------
    SettingError
        Naming what is not known.

    Examples
    --------
    >>> import numpy as np
    >>> value, slope = run(parse("0.5*a + 2", {"a": 0}), np.array([3.0]))
    >>> float(value), slope.tolist()
    (3.5, [0.5])
    """
    if len(text) > _LONGEST:
        raise SettingError("an expression is too long", found=f"{len(text)} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise SettingError(f"not an expression: {text[:80]!r} ({error})") from None
    return np.array(_emit(tree.body, names, text), dtype=np.float64)


_BRACES = re.compile(r"\{([^{}]*)\}")


def compiled(text: str, index: Mapping[str, int]) -> Floats:
    """Return the program of an expression whose parameters' names may stand in braces.

    Examples
    --------
    >>> compiled("{area:N 1s/TFSI} * 6", {"area:N 1s/TFSI": 3}).shape
    (3, 2)
    """
    names = {name: at for name, at in index.items() if name.isidentifier()}

    def plain(match: re.Match[str]) -> str:
        name = match[1].strip()
        if name not in index:
            near = get_close_matches(name, index, n=1)
            raise SettingError(
                f"the expression {text[:80]!r} names an unknown parameter {name!r}",
                advice=f"Did you mean {near[0]!r}?" if near else "Parameters: " + ", ".join(list(index)[:20]),
            )
        names[f"p_{index[name]}_"] = index[name]
        return f" p_{index[name]}_ "

    return parse(_BRACES.sub(plain, text), names)


def _emit(node: ast.AST, names: Mapping[str, int], text: str) -> list[tuple[float, float]]:
    def parts(*nodes: ast.AST) -> list[tuple[float, float]]:
        return [step for each in nodes for step in _emit(each, names, text)]

    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float() as value):
            return [(_OPS["constant"], float(value))]
        case ast.Name(id=name) if name in names:
            return [(_OPS["parameter"], float(names[name]))]
        case ast.Name(id=name) if name in _CONSTANTS:
            return [(_OPS["constant"], _CONSTANTS[name])]
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return [*parts(inner), (_OPS["negate"], 0.0)]
        case ast.UnaryOp(op=ast.UAdd(), operand=inner):
            return parts(inner)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return [*parts(left, right), (_OPS[_BINARY[type(op)]], 0.0)]
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _BINARY:
            return [*parts(left, right), (_OPS[_BINARY[type(op)]], 0.0)]
        case ast.IfExp(test=test, body=body, orelse=other):
            return [*parts(test, body, other), (_OPS["where"], 0.0)]
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            function = _FUNCTIONS[name]
            if len(args) == _ARITY.get(function, 1):
                return [*parts(*args), (_OPS[function], 0.0)]
    known = "numbers, + - * / **, parameters, " + ", ".join(sorted(_FUNCTIONS))
    found = ast.unparse(node)[:60] if isinstance(node, ast.expr) else repr(node)
    near = ", ".join(sorted(names)[:8])
    raise SettingError(
        f"the expression {text[:80]!r} is not understood",
        expected=known,
        found=found,
        advice=f"Parameters are {near}, …" if near else None,
    )


def used(program: Floats) -> set[int]:
    """Return the indices of the parameters that a program reads."""
    return {int(argument) for operation, argument in program if operation == _OPS["parameter"]}


def run(program: Floats, theta: Floats) -> tuple[float, Floats]:
    """Return the value of a program at parameters and its gradient (size of theta)."""
    stack: list[tuple[float, Floats]] = []
    for number, argument in program:
        name = _NAMES[int(number)]
        slope = np.zeros(theta.size)
        if name == "constant":
            stack.append((float(argument), slope))
        elif name == "parameter":
            slope[int(argument)] = 1.0
            stack.append((float(theta[int(argument)]), slope))
        elif name == "where":
            test, first, other = stack[-3:]
            stack[-3:] = [first if test[0] else other]
        elif name in _TWO:
            (a, by_a), (b, by_b) = stack[-2:]
            value, left, right = _TWO[name](a, b)
            stack[-2:] = [(value, left * by_a + right * by_b)]
        else:
            a, by_a = stack[-1]
            value, factor = _ONE[name](a)
            stack[-1:] = [(value, factor * by_a)]
    return stack[0]


def _power(a: float, b: float) -> tuple[float, float, float]:
    value = float(np.float64(a) ** b)
    by_exponent = value * math.log(a) if a > 0.0 else 0.0
    return value, b * float(np.float64(a) ** (b - 1.0)) if b else 0.0, by_exponent


#: operations of two values: the result and its derivatives
_TWO: dict[str, Callable[[float, float], tuple[float, float, float]]] = {
    "+": lambda a, b: (a + b, 1.0, 1.0),
    "-": lambda a, b: (a - b, 1.0, -1.0),
    "*": lambda a, b: (a * b, b, a),
    "/": lambda a, b: (a / b, 1.0 / b, -a / (b * b)) if b else (math.nan, math.nan, math.nan),
    "**": _power,
    "minimum": lambda a, b: (a, 1.0, 0.0) if a <= b else (b, 0.0, 1.0),
    "maximum": lambda a, b: (a, 1.0, 0.0) if a >= b else (b, 0.0, 1.0),
    "<": lambda a, b: (float(a < b), 0.0, 0.0),
    ">": lambda a, b: (float(a > b), 0.0, 0.0),
}
#: operations of one value: the result and its derivative
_ONE: dict[str, Callable[[float], tuple[float, float]]] = {
    "negate": lambda a: (-a, -1.0),
    "exp": lambda a: (math.exp(min(a, 700.0)), math.exp(min(a, 700.0))),
    "log": lambda a: (math.log(a), 1.0 / a) if a > 0 else (math.nan, math.nan),
    "log10": lambda a: (math.log10(a), 1.0 / (a * math.log(10.0))) if a > 0 else (math.nan, math.nan),
    "sqrt": lambda a: (math.sqrt(a), 0.5 / math.sqrt(a)) if a > 0 else (math.nan, math.nan),
    "sin": lambda a: (math.sin(a), math.cos(a)),
    "cos": lambda a: (math.cos(a), -math.sin(a)),
    "tan": lambda a: (math.tan(a), 1.0 + math.tan(a) ** 2),
    "arctan": lambda a: (math.atan(a), 1.0 / (1.0 + a * a)),
    "abs": lambda a: (abs(a), 1.0 if a >= 0 else -1.0),
    "sinh": lambda a: (math.sinh(a), math.cosh(a)),
    "cosh": lambda a: (math.cosh(a), math.sinh(a)),
    "tanh": lambda a: (math.tanh(a), 1.0 - math.tanh(a) ** 2),
}

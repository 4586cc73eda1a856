"""Every example in a docstring is true."""

import doctest
import importlib
import pkgutil

import pytest

import emgproc

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(emgproc.__path__, "emgproc.")
    if "__main__" not in module.name
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_show(name):
    # A function may carry the name of its module: the module is what import_module returns.
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0

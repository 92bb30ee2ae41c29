"""Commands, options, make targets and addresses that the documentation names exist."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from functools import cache

import pytest
from django.core.management import BaseCommand, get_commands, load_command_class
from django.core.management.commands import check
from django.urls import Resolver404, resolve
from tests.docs.conftest import ROOT, Page, page

from lotkeeper.config import cli

_ADDRESS = re.compile(
    r"(?:(GET|POST|PUT|PATCH|DELETE) )?(?:http://[\w.:]+|(?<![\w./]))(/(?:api|accounts|setup|healthz)[\w/{}<>.…-]*)"
)


@cache
def own_options(command: str) -> frozenset[str]:
    """The options of one of the product's own commands, as its parser knows them."""
    seen: list[argparse.ArgumentParser] = []

    class Stop(Exception):
        pass

    def stop(self: argparse.ArgumentParser, *_: object, **__: object) -> None:
        seen.append(self)
        raise Stop

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, "parse_args", stop)
        patch.setattr(argparse.ArgumentParser, "parse_known_args", stop)
        with pytest.raises(Stop):
            cli.OWN_COMMANDS[command]([])
    return options_in(seen[0])


@cache
def django_options(command: str) -> frozenset[str]:
    app = get_commands()[command]
    return options(load_command_class(app, command) if isinstance(app, str) else app)


def options(command: BaseCommand) -> frozenset[str]:
    return options_in(command.create_parser("lotkeeper", "command"))


def options_in(parser: argparse.ArgumentParser) -> frozenset[str]:
    """The options of a parser and, where it has several verbs, of each."""
    verbs = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    own = frozenset(option for action in parser._actions for option in action.option_strings)
    return own.union(*(options_in(verb) for action in verbs for verb in action.choices.values()))


def options_of(command: str) -> frozenset[str]:
    return own_options(command) if command in cli.OWN_COMMANDS else django_options(command)


def commands_in(text: Page) -> Iterator[list[str]]:
    """Every use of ``lotkeeper …`` in code, as words."""
    for line in text.code():
        for found in re.finditer(r"(?:^|(?<!-C)[\s/])lotkeeper ((?:[a-z]\w*|-).*)$", line):
            words = found[1].split(" #")[0].split("&&")[0].rstrip("\\ ")
            yield shlex.split(words)


def test_commands_and_options_exist(each_page: Page) -> None:
    unknown = []
    for command, *words in commands_in(each_page):
        if command not in cli.OWN_COMMANDS and command not in get_commands() and command != "help":
            unknown.append(command)
            continue
        if command in {"psql", "help"}:  # what follows goes to psql
            continue
        given = {word.split("=")[0] for word in words if word.startswith("--")}
        unknown += [f"{command} {option}" for option in sorted(given - options_of(command))]
    assert unknown == []


def test_every_command_of_the_product_has_its_section() -> None:
    ours = {name for name, app in get_commands().items() if isinstance(app, str) and app.startswith("lotkeeper.")}
    sections = re.findall(r"^## lotkeeper (\w+)$", page("docs/reference/commands.md").text, re.MULTILINE)
    assert sorted(sections) == sorted(ours | set(cli.OWN_COMMANDS))


def test_every_option_of_the_product_is_listed() -> None:
    text = page("docs/reference/commands.md").text
    everywhere = options(BaseCommand()) | options(check.Command())
    missing = []
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        found = re.match(r"lotkeeper (\w+)$", section, re.MULTILINE)
        if found is None or found[1] == "migrate":
            continue
        listed = set(re.findall(r"(--[\w-]+)", section))
        expected = {option for option in options_of(found[1]) - everywhere if option.startswith("--")}
        missing += [f"{found[1]} {option}" for option in sorted(expected - listed)]
    assert missing == []


def test_make_targets_exist(each_page: Page) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        found for line in each_page.code() for found in re.findall(r"(?:^|&& )make (?:-C \S+ )?([a-z0-9-]+)", line)
    }
    assert named - targets == set()


def test_addresses_lead_somewhere(each_page: Page) -> None:
    lost = []
    for line in each_page.code():
        for method, address in _ADDRESS.findall(line):
            path = re.sub(r"\{\w+\}|<\w+>", "1", address).replace("…", "1")
            if path in {"/api/", "/api/v1/"}:
                continue
            try:
                view = resolve(path).func
            except Resolver404:
                lost.append(address)
                continue
            actions = getattr(view, "actions", None)
            if method and actions is not None and method.lower() not in actions:
                lost.append(f"{method} {address}")
    assert lost == []

"""The command line. Nothing heavy is imported until a command runs."""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from interlayer._version import __version__
from interlayer.cli import limits
from interlayer.core.errors import InterlayerError
from interlayer.core.settings import Setting
from interlayer.export import FORMATS
from interlayer.journals import FIGURE_KINDS, journals
from interlayer.techniques import KINDS, TITLES, declared_settings

GOOD, SOME_FAILED, USAGE, INVALID, INTERRUPTED = 0, 1, 2, 3, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    0: all good; 1: some inputs failed, the others are done; 2: usage; 3: the input as a whole is invalid;
    130: interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # names of files need not be text
    arguments = parser().parse_args(argv)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(
            name, "1"
        )  # the fits are many and small: threads only cost; workers share the cores
    commands = import_module(f"interlayer.cli.{arguments.module}")
    try:
        return int(getattr(commands, arguments.run)(arguments))
    except InterlayerError as error:
        print(f"interlayer: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interlayer: interrupted; what was finished is kept", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return GOOD


def parser() -> argparse.ArgumentParser:
    """Return the parser of every command."""
    top = argparse.ArgumentParser(
        prog="interlayer",
        description="From raw instrument files of an interphase to one record and one report.",
    )
    top.add_argument("--version", action="version", version=f"interlayer {__version__}")
    top.set_defaults(module="commands")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_demo(commands)
    _add_init(commands)
    _add_run(commands)
    for technique, title in TITLES.items():
        _add_technique(commands, technique, title)
    _add_others(commands)
    _add_products(commands)
    return top


class _Records(argparse.Action):
    """Records of samples; the catalogue that ``results/*.nc`` names too is passed over."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Keep the records; a catalogue alone stays, and is then refused."""
        from interlayer.catalogue import CATALOGUE

        given = [str(each) for each in values] if isinstance(values, list) else []
        kept = [each for each in given if Path(each).name != CATALOGUE]
        setattr(namespace, self.dest, kept or given)


Commands = argparse._SubParsersAction  # the class has no public name


def _add_demo(commands: "Commands[argparse.ArgumentParser]") -> None:
    demo = commands.add_parser("demo", help="write the example study, run it, print the report's path")
    demo.add_argument(
        "folder", nargs="?", default="interlayer-demo", metavar="DIR", help="a new folder (interlayer-demo)"
    )
    limits.add(demo, "")
    demo.set_defaults(run="demo")


def _add_init(commands: "Commands[argparse.ArgumentParser]") -> None:
    init = commands.add_parser("init", help="recognise the raw files of a folder and write study.toml")
    init.add_argument("folder", metavar="DIR", help="folder of raw files; study.toml is written into it")
    init.add_argument("--force", action="store_true", help="replace a study.toml that is there")
    init.set_defaults(run="init")


def _add_run(commands: "Commands[argparse.ArgumentParser]") -> None:
    run = commands.add_parser("run", help="analyse a study: samples, catalogue, claims, report")
    run.add_argument("study", metavar="STUDY", help="study.toml or its folder")
    run.add_argument("-o", "--output", metavar="DIR", help="results folder (results beside the study file)")
    limits.add(run, "")
    run.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help="a sample id, a technique, a kind or sample/technique; repeatable",
    )
    run.add_argument("--force", action="store_true", help="analyse again what has not changed")
    run.add_argument("--dry-run", action="store_true", help="say what would run and why; write nothing")
    run.set_defaults(run="run_study")


def _add_technique(commands: "Commands[argparse.ArgumentParser]", technique: str, title: str) -> None:
    one = commands.add_parser(technique, help=f"{title}: files or folders to numbers", description=title)
    if technique == "electrochem":
        one.add_argument("kind", choices=KINDS, metavar="KIND", help=", ".join(KINDS))
        one.add_argument("--bdf", metavar="DIR", help="write the time rows as Battery Data Format here")
    one.add_argument("files", nargs="+", metavar="FILE", help="raw files or folders")
    one.add_argument("--json", action="store_true", help="print one JSON array instead of tables")
    one.add_argument("--plot", metavar="FILE", help="draw the result (.png, .svg, .pdf)")
    one.add_argument("-o", "--output", metavar="DIR", help="write records (.nc) and tables (.csv) here")
    limits.add(one, " for folders")
    group = one.add_argument_group("settings")
    for setting in declared_settings(technique):
        _add_setting(group, setting)
    one.set_defaults(run="analyze_files", technique=technique)


def _add_setting(group: argparse._ArgumentGroup, setting: Setting) -> None:
    text = setting.help.replace("%", "%%")
    if setting.kinds:
        text += f" [{', '.join(setting.kinds)}]"
    if setting.type == "flag":
        group.add_argument(setting.option, action=argparse.BooleanOptionalAction, default=None, help=text)
    elif setting.type == "texts":
        group.add_argument(setting.option, action="append", help=text + " (repeatable)", metavar="TEXT")
    elif setting.type == "choice":
        group.add_argument(setting.option, choices=setting.choices, help=text)
    else:
        metavar = {"quantity": f"'N {setting.unit}'", "number": "N"}.get(setting.type, "TEXT")
        group.add_argument(setting.option, metavar=metavar.replace("%", "%%"), help=text)


def _add_others(commands: "Commands[argparse.ArgumentParser]") -> None:
    report = commands.add_parser("report", help="one report from stored samples")
    report.add_argument(
        "records",
        nargs="+",
        action=_Records,
        metavar="NC",
        help="sample records (.nc) of one or many studies",
    )
    report.add_argument("-o", "--output", required=True, metavar="FILE", help="a page (.html) or a .pdf")
    report.add_argument("--title", help="that of the study, or 'interlayer report'")
    report.add_argument("--study", metavar="STUDY", help="study.toml or its folder: title, DOI, claims")
    report.set_defaults(run="write_report")
    verify = commands.add_parser("verify", help="find stored files that were damaged or changed")
    verify.add_argument("folders", nargs="+", metavar="DIR", help="results folders")
    verify.set_defaults(run="verify")
    formats = commands.add_parser("formats", help="list the file formats that are read")
    formats.add_argument("--json", action="store_true", help="print JSON")
    formats.set_defaults(run="list_formats")


def _add_products(commands: "Commands[argparse.ArgumentParser]") -> None:
    evidence = commands.add_parser("evidence", help="what the techniques of stored samples say together")
    evidence.add_argument("records", nargs="+", action=_Records, metavar="NC", help="sample records (.nc)")
    evidence.add_argument("--json", action="store_true", help="print JSON")
    evidence.set_defaults(run="show_evidence", module="joined")
    figures = commands.add_parser("figures", help="every figure of stored samples, at journal widths")
    figures.add_argument("records", nargs="+", action=_Records, metavar="NC", help="sample records (.nc)")
    figures.add_argument("-o", "--output", required=True, metavar="DIR", help="where the files go")
    figures.add_argument("--format", choices=FIGURE_KINDS, default="svg", help="kind of files (svg)")
    figures.add_argument(
        "--width", default="single", metavar="WIDTH", help="single, double, or a length as 90mm (single)"
    )
    figures.add_argument("--journal", choices=tuple(journals()), default="any", help="whose columns (any)")
    figures.set_defaults(run="draw_figures", module="products")
    methods = commands.add_parser("methods", help="the methods paragraph of stored samples, with references")
    methods.add_argument("records", nargs="+", action=_Records, metavar="NC", help="sample records (.nc)")
    methods.add_argument("-o", "--output", metavar="DIR", help="write methods.txt and references.bib here")
    methods.set_defaults(run="write_methods", module="products")
    export = commands.add_parser("export", help="stored samples as files for other programs")
    export.add_argument("records", nargs="+", action=_Records, metavar="NC", help="sample records (.nc)")
    export.add_argument("-o", "--output", required=True, metavar="DIR", help="where the files go")
    export.add_argument(
        "--to",
        action="append",
        required=True,
        choices=tuple(FORMATS),
        metavar="FORMAT",
        help=", ".join(FORMATS) + " (repeatable)",
    )
    export.add_argument(
        "--study",
        metavar="STUDY",
        help="study.toml or its folder: title, DOI, raw files (bdf)",
    )
    export.set_defaults(run="export_records", module="products")

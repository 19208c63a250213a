"""The command line: one file a command, each of them thin over the function of the same name.

Exit codes: 0 done; 1 the record or a check has faults; 2 the command was not understood.
"""

from __future__ import annotations

import os
import signal
import sys

from cyclopts import App, CycloptsError

from detente import __version__

app = App(
    name="detente",
    help=(
        "Who may still sell what to whom, what each restriction costs each side, what would be better. "
        "For analysis, not legal advice."
    ),
    version=__version__,
    help_format="plaintext",
)
for _name, _help in {
    "demo": "Tell the whole story of the bundled case, in the terminal and as report.html.",
    "check": "Who may sell what to whom on a day: a table of verdicts.",
    "explain": "Why a sale may or may not go ahead on a day, down to the citation.",
    "diff": "What changed between two days or two records: released, held or moved, and why.",
    "licences": "How every licence line stands on a day: drawn, left, lost, expiring.",
    "cost": "What the measures cost each side once they have run through the network.",
    "relief": "Which licences, delistings or sales would leave whom better off.",
    "report": "Write one self-contained page about a case.",
    "owners": "Whom listed parties own on a day, by each rule on ownership, with the proof.",
    "validate": "Read a case, show every fault at once, and run its worked decisions.",
    "new": "Make an empty case: templates that explain every column.",
}.items():
    app.command(f"detente.cli.{_name}:{_name}", name=_name, help=_help)
app.command("detente.cli.import_:import_", name="import", help="Read an official list, chart or table into a case.")


def main() -> None:
    """Run the command line; errors come out as sentences, never as a traceback."""
    end_cleanly()
    try:
        app(sys.argv[1:], exit_on_error=False, print_error=True)
    except CycloptsError:
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        _explain(error)


def end_cleanly() -> None:
    """Let a request to end (SIGTERM) unwind like Ctrl-C does, so that no half-written file stays behind."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def _explain(error: Exception) -> None:
    """Say what went wrong in words and end with the right code; what nobody foresaw keeps its traceback."""
    from detente.cli.output import show_error  # kept out of the start-up of `detente --help`

    sys.exit(show_error(error))


if __name__ == "__main__":
    main()

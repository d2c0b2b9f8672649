"""The operators' command line: python -m zhengji."""

from __future__ import annotations

import typer

from zhengji import admins, audits, backups, breaker, campaigns, checks, dead, letters, parked, plays, receipts, topics

app = typer.Typer(no_args_is_help=True, add_completion=False, help="征集: what operators do by command.")
app.add_typer(campaigns.app, name="campaign")
app.add_typer(admins.app, name="admin")
app.add_typer(topics.app, name="topics")
app.add_typer(parked.app, name="parked")
app.add_typer(dead.app, name="dead")
app.add_typer(breaker.app, name="breaker")
app.add_typer(audits.app, name="audit")
app.add_typer(letters.app, name="letters")
app.add_typer(receipts.app, name="receipt")
app.command(name="backup")(backups.backup)
app.command(name="restore")(backups.restore_command)
app.command(name="check")(checks.check)
app.command(name="play")(plays.play)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()

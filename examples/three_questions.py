"""Three questions about one case, in Python: who may sell, what it costs each side, what would be better.

Open it as a notebook with `marimo edit examples/three_questions.py`, or run it: `python examples/three_questions.py`.
"""

import marimo

app = marimo.App(width="medium")


@app.cell
def _():
    import marimo as mo

    import detente as dt

    case = dt.load("chips-rare-earths")
    mo.md(
        f"# {case.about.title}\n\n{case.about.summary}\n\nEvery other case is read the same way: `dt.load('huawei')`."
    )
    return case, dt, mo


@app.cell
def _(mo):
    mo.md("## 1. Who may still sell what to whom?\n\nOne row a sale; each verdict has its reasons.")


@app.cell
def _(case, dt):
    verdicts = dt.check(case, as_of="2031-07-15")
    verdicts
    return (verdicts,)


@app.cell
def _(case, dt, mo):
    verdict = dt.explain(case, "arcturus-accelerators>canopus-computing", "2031-07-15")
    mo.md(f"**{verdict.outcome}**: {verdict.headline}")
    return (verdict,)


@app.cell
def _(mo):
    mo.md(
        "## 2. What does it cost each side?\n\nThree models of one network: everybody adapts (optimum), day by day "
        "(flow), nobody adapts (cascade). Where they differ by more than a factor of three, no headline number is "
        "supported."
    )


@app.cell
def _(case, dt):
    cost = dt.cost(case, as_of="2031-07-15")
    cost.by_side().select("side", "loss_usd_m", "loss_usd_m_low", "loss_usd_m_high", "is_supported")
    return (cost,)


@app.cell
def _(mo):
    mo.md(
        "## 3. What would leave both better off?\n\nPackages of proposals from both sides that the law can grant. "
        "Nothing is recommended: each row says what a package buys and what it lets the other side make."
    )


@app.cell
def _(case, dt):
    found = dt.relief(case, as_of="2031-07-15", evaluations=80, draws=8)
    packages = found.packages()
    packages.select("package", "why", "proposals", "gain_usd_m_borea_flow", "gain_usd_m_merid_flow", "p_win_win")
    return found, packages


@app.cell
def _(found):
    found.changes(1).head(8)


@app.cell
def _(found):
    from detente.report.answers import headline

    told = headline(found)
    told
    return (told,)


@app.cell
def _(mo):
    mo.md(
        "## The questions the case asks itself\n\nEach is a row of `questions.csv`, answered in two sentences and a figure."
    )


@app.cell
def _(case, found, mo):
    from detente.relief.questions import answer, questions
    from detente.report.answers import tell

    answers = [tell(answer(case, q, draws=8, found=found)) for q in questions(case)]
    mo.vstack([part for a in answers for part in (mo.md(f"**{a.question}** {' '.join(a.sentences)}"), a.figure)])
    return (answers,)


@app.cell
def _(mo):
    mo.md("For analysis; not legal advice.")


if __name__ == "__main__":
    app.run()

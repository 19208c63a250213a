"""Numbers for the different rows of some columns, by a plain dictionary."""


def numbering_twin(columns):
    """The first row of each different combination, and the number of the combination of each row."""
    known, first, number = {}, [], []
    for i, row in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        if row not in known:
            known[row] = len(known)
            first.append(i)
        number.append(known[row])
    return first, number

"""What an entry of the Entity List says of applications, and its footnotes.

In the screening list the footnotes of Supplement No. 4 to part 744 are digits glued to the text before them:
``734.9(e)1`` is § 734.9(e) with footnote 1, ``734.9(g),3 746.8`` is footnote 3, ``EAR2`` is footnote 2. They are read
as footnotes at these two places only and never as part of a section.
"""

from __future__ import annotations

import re

STRICTEST_FIRST = (
    "denial", "policy_of_denial", "presumption_of_denial", "case_by_case", "presumption_of_approval",
)  # fmt: skip

_POLICIES = (
    ("policy_of_denial", re.compile(r"\bpolicy (?:of|for) denial\b")),
    ("presumption_of_denial", re.compile(r"\bpresum\w* (?:of|for) denial\b")),
    ("case_by_case", re.compile(r"\bcas[ea][- ]by[- ]case\b")),  # one entry prints "casa-by-case"
    ("presumption_of_approval", re.compile(r"\bpresum\w* (?:of|for) approval\b")),
)
_DENIED = re.compile(r"\b(?:will be denied|denial)\b")

_AFTER_SECTION = re.compile(r"734\.9\([a-z]\)(?:\(\d\))?,?\s*(\d)(?![\d.(A-Za-z])")
_AFTER_EAR = re.compile(r"\bEAR\.?\)?\.?\s?(\d)(?=[\s,;)]|\.?$|\.\s)")
_PRODUCT_RULE = re.compile(r"734\.9(\([a-z]\)(?:\(\d\))?)")
_RULE_OF = {"(g)": "fn3", "(e)(1)": "fn1", "(e)(2)": "fn4", "(e)(3)": "fn5"}  # 15 CFR 734.9: which entries each is for


def review(policy: str, requirement: str = "") -> tuple[str, bool]:
    """How an application is looked at, in the words of the record, and whether the text says more than that.

    A text with several policies gives the strictest of them. One that only points at a section states none here. An
    entry may also say its policy in the column of the requirement.

    >>> review("Case-by-case for all items listed on the CCL. Presumption of approval for EAR99 items")
    ('case_by_case', True)
    """
    text = f"{policy} {requirement if 'by-case' in requirement or 'denial' in requirement else ''}".lower()
    found = [name for name, pattern in _POLICIES if pattern.search(text)]
    if not found and _DENIED.search(text):
        found = ["denial"]
    if not found:
        return "none_stated", bool(policy.strip())
    strictest = min(found, key=STRICTEST_FIRST.index)
    return strictest, len(found) > 1 or any(w in text for w in ("except", "apart from", "see §"))


def footnotes(requirement: str) -> tuple[str, ...]:
    """The footnotes glued to a licence requirement, as tags.

    >>> footnotes("For all items subject to the EAR, see §§ 734.9(e)1 and 744.11 of the EAR2")
    ('fn1', 'fn2')
    """
    digits = {m[1] for pattern in (_AFTER_SECTION, _AFTER_EAR) for m in pattern.finditer(requirement)}
    return tuple(f"fn{d}" for d in sorted(digits))


def unprinted(requirement: str) -> tuple[str, ...] | None:
    """The footnotes that a requirement must have had, where it names a rule for footnoted entries but prints none.

    Each rule of § 734.9(e) and (g) is for the entries with one footnote, so the rule tells the footnote. Empty where
    that is not so: § 734.9(e) alone may be footnote 1 or 4. None where nothing is missing.

    >>> unprinted("For all items subject to the EAR (See §§ 734.9(g), 746.8(a)(3), and 744.21(b) of the EAR)")
    ('fn3',)
    """
    rules = _PRODUCT_RULE.findall(requirement)
    if not rules or footnotes(requirement):
        return None
    return tuple(sorted({_RULE_OF[r] for r in rules if r in _RULE_OF}))

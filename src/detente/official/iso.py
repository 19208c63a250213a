"""Names of countries as official tables write them, and their ISO 3166 codes.

The tables of one authority do not agree: the Country Chart has ``China``, the Country Groups ``China (PRC)``; one has
``Bahamas, The``, the other ``The Bahamas``; two names are misspelt in print (``Seycheles``, ``Cote d'lvoire`` with an
l). So rows are joined on the code, never on the name. What is not in this table is not guessed.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from detente.record.countries import COUNTRIES

_NAMES = """
AD Andorra; AE United Arab Emirates / UAE; AF Afghanistan; AG Antigua and Barbuda; AI Anguilla; AL Albania; AM Armenia;
AO Angola; AQ Antarctica; AR Argentina; AS American Samoa; AT Austria; AU Australia; AW Aruba; AX Aland Islands;
AZ Azerbaijan; BA Bosnia and Herzegovina / Bosnia; BB Barbados; BD Bangladesh; BE Belgium; BF Burkina Faso; BG Bulgaria;
BH Bahrain; BI Burundi; BJ Benin; BL Saint Barthelemy; BM Bermuda; BN Brunei / Brunei Darussalam;
BO Bolivia / Bolivia, Plurinational State of; BQ Bonaire, Sint Eustatius and Saba; BR Brazil; BS Bahamas; BT Bhutan;
BV Bouvet Island; BW Botswana; BY Belarus; BZ Belize; CA Canada; CC Cocos (Keeling) Islands;
CD Congo, Democratic Republic of the / Congo, The Democratic Republic / DRC / Congo-Kinshasa;
CF Central African Republic; CG Congo, Republic of the / Congo-Brazzaville; CH Switzerland;
CI Cote d'Ivoire / Cote d'lvoire / Ivory Coast; CK Cook Islands; CL Chile; CM Cameroon;
CN China / China (PRC) / PRC / China, People's Republic of / Mainland China; CO Colombia; CR Costa Rica; CU Cuba;
CV Cape Verde / Cabo Verde; CW Curacao; CX Christmas Island; CY Cyprus; CZ Czech Republic / Czechia;
DE Germany / Germany, Federal Republic of; DJ Djibouti; DK Denmark; DM Dominica; DO Dominican Republic; DZ Algeria;
EC Ecuador; EE Estonia; EG Egypt; EH Western Sahara; ER Eritrea; ES Spain; ET Ethiopia; FI Finland; FJ Fiji;
FK Falkland Islands / Falkland Islands (Malvinas);
FM Micronesia / Micronesia, Federated States of / Micronesia (Federated State of); FO Faroe Islands; FR France;
GA Gabon;
GB United Kingdom / UK / U.K. / Great Britain / Britain / United Kingdom of Great Britain and Northern Ireland;
GD Grenada; GE Georgia; GF French Guiana; GG Guernsey; GH Ghana; GI Gibraltar; GL Greenland; GM Gambia; GN Guinea;
GP Guadeloupe; GQ Equatorial Guinea; GR Greece; GS South Georgia and the South Sandwich Islands; GT Guatemala; GU Guam;
GW Guinea-Bissau; GY Guyana; HK Hong Kong / Hong Kong SAR / Hong Kong, China; HM Heard Island and McDonald Islands;
HN Honduras; HR Croatia; HT Haiti; HU Hungary; ID Indonesia; IE Ireland; IL Israel; IM Isle of Man; IN India;
IO British Indian Ocean Territory; IQ Iraq; IR Iran / Iran, Islamic Republic of; IS Iceland; IT Italy; JE Jersey;
JM Jamaica; JO Jordan; JP Japan; KE Kenya; KG Kyrgyzstan / Kyrgyz Republic; KH Cambodia; KI Kiribati; KM Comoros;
KN Saint Kitts and Nevis; KP North Korea / DPRK / Korea, Democratic People's Republic of;
KR South Korea / ROK / Korea, Republic of; KW Kuwait; KY Cayman Islands; KZ Kazakhstan;
LA Laos / Lao People's Democratic Republic; LB Lebanon; LC Saint Lucia; LI Liechtenstein; LK Sri Lanka; LR Liberia;
LS Lesotho; LT Lithuania; LU Luxembourg; LV Latvia; LY Libya; MA Morocco; MC Monaco;
MD Moldova / Moldova, Republic of; ME Montenegro; MF Saint Martin / Saint Martin (French part); MG Madagascar;
MH Marshall Islands; MK North Macedonia / Macedonia; ML Mali; MM Burma / Myanmar; MN Mongolia;
MO Macau / Macao / Macau SAR / Macao SAR; MP Northern Mariana Islands; MQ Martinique; MR Mauritania; MS Montserrat;
MT Malta; MU Mauritius; MV Maldives; MW Malawi; MX Mexico; MY Malaysia; MZ Mozambique; NA Namibia; NC New Caledonia;
NE Niger; NF Norfolk Island; NG Nigeria; NI Nicaragua; NL Netherlands / Kingdom of the Netherlands; NO Norway; NP Nepal;
NR Nauru; NU Niue; NZ New Zealand; OM Oman; PA Panama; PE Peru; PF French Polynesia; PG Papua New Guinea;
PH Philippines; PK Pakistan; PL Poland; PM Saint Pierre and Miquelon; PN Pitcairn; PR Puerto Rico;
PS Palestine / State of Palestine / Palestinian Territories; PT Portugal; PW Palau; PY Paraguay; QA Qatar; RE Reunion;
RO Romania; RS Serbia; RU Russia / Russian Federation; RW Rwanda; SA Saudi Arabia; SB Solomon Islands; SC Seychelles /
Seycheles; SD Sudan; SE Sweden; SG Singapore; SH Saint Helena, Ascension and Tristan da Cunha / Saint Helena;
SI Slovenia; SJ Svalbard and Jan Mayen; SK Slovakia / Slovak Republic; SL Sierra Leone; SM San Marino; SN Senegal;
SO Somalia; SR Suriname; SS South Sudan / South Sudan, Republic of; ST Sao Tome and Principe; SV El Salvador;
SX Sint Maarten / Sint Maarten (Dutch part) / Sint Maarten (the Dutch two-fifths of the island of Saint Martin);
SY Syria / Syrian Arab Republic; SZ Eswatini / Swaziland; TC Turks and Caicos Islands; TD Chad;
TF French Southern Territories; TG Togo; TH Thailand; TJ Tajikistan; TK Tokelau; TL Timor-Leste / East Timor;
TM Turkmenistan; TN Tunisia; TO Tonga; TR Turkiye / Turkey; TT Trinidad and Tobago; TV Tuvalu; TW Taiwan;
TZ Tanzania / Tanzania, United Republic of; UA Ukraine; UG Uganda; UM United States Minor Outlying Islands;
US United States / USA / U.S. / United States of America; UY Uruguay; UZ Uzbekistan;
VA Vatican City / Holy See / Vatican;
VC Saint Vincent and the Grenadines; VE Venezuela / Venezuela, Bolivarian Republic of;
VG British Virgin Islands / Virgin Islands, British; VI Virgin Islands, U.S. / US Virgin Islands;
VN Vietnam / Viet Nam;
VU Vanuatu; WF Wallis and Futuna; WS Samoa; XK Kosovo; YE Yemen; YT Mayotte; ZA South Africa; ZM Zambia; ZW Zimbabwe
"""

_SILENT = {"the", "of", "and"}


def _words(name: str) -> frozenset[str]:
    """The words of a name, in no order: ``Korea, South`` is ``South Korea``, ``The Bahamas`` is ``Bahamas, The``."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    plain = plain.replace("'", "").replace(".", "").replace("&", " and ")
    words = ("saint" if w == "st" else w for w in re.findall(r"[a-z0-9]+", plain))
    return frozenset(w for w in words if w not in _SILENT)


@cache
def names() -> dict[frozenset[str], str]:
    """Codes by the words of each name."""
    found: dict[frozenset[str], str] = {}
    for line in _NAMES.replace("\n", " ").split(";"):
        code, _, rest = line.strip().partition(" ")
        for name in rest.split(" / "):
            found[_words(name.replace("’", "'"))] = code
    return found


@cache
def iso(name: str) -> str | None:
    """The code of a country named in an official table, or None where the name is not known.

    A two-letter code comes back as it is, ``UK`` as ``GB``. A region is not a country.

    >>> iso("China (PRC)"), iso("Korea, South"), iso("TURKIYE"), iso("REGION: WEST BANK")
    ('CN', 'KR', 'TR', None)
    """
    text = name.strip().replace("’", "'")
    if len(text) == 2 and text.upper() in COUNTRIES - {"XX", "ZZ"}:
        return text.upper()
    return names().get(_words(text)) if text else None

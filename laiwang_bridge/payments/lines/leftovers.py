"""Words that are left in a line and may say who pays, who bears or how much: whoever means them as a title is asked.

The people and options of the line are taken out already, and stand as signs of what was cut.
"""

from __future__ import annotations

import re

from appservice.bots.line import fold
from laiwang_bridge.payments.lines.marking import Marked

_BEHIND_SOMEBODY = re.compile(
    r"\x02\s*[(（]?(?:['’]s?\b|\+|一家|两口子|夫妇|夫妻|给|借|转|收|(?:pays?|paid|owes?|gave|gives?|sent|sends?|lent|lends?|loaned|plus|but|minus|except|sauf|ohne|sans|has|have|had|gets?|got"
    r"|bought|fronted|ordered|picked up|covers?|covered|treats?|treated|bears?"
    r"|takes?|only"
    r"|is|was|were|isn|wasn|didn|doesn|don|did|does|not|double|twice|family|couple|familie|famille|paar|ehepaar|kids?|child|children|kind|kinder|enfants?"
    r"|deux fois|trois fois|le double"
    r"|la moitié|zweimal|dreimal|das doppelte|das dreifache|die hälfte|half|extra|more|less"
    r"|hat|haben|hatte|zahlt|zahlen"
    r"|schuldet|schulden|bekommt|kriegt|gab|schickte|lieh|reçoit|prête|donne|envoie|übernimmt|war|nicht|keine?n?|doppelt|halb|mehr|weniger|doit|doivent|paye|paie|prend"
    r"|était|[nm]['’](?:a|était)|a (?:rien|pas|bu|mangé|pris|payé|offert|donné)"
    r"|pas|moins)(?![^\W\d_])|(?:付|出|欠|垫|俾|畀|冇|沒|请客|结账|买单|多|少|没|不|算|只|百分之|的(?![\s士])))"
)
_BEFORE_SOMEBODY = re.compile(
    r"(?:(?<![^\W\d_])(?:by|from|of|to|at|on|auf|sur|owe|owes|owed|without|except|excluding|but|not|no|kein|minus|save|ohne|außer|nicht|von|vom"
    r"|an|bei|zu|sans|sauf|pas|hors|de|du|par|à|chez)|[除没不欠替帮请由向])\s*\x02|(?:\s|\A)[!~¬]\x02|[-=]?[>→⇒]\s*\x02|\x02\s*[-=]?[>→⇒]"
)
_BEFORE_A_NAME = re.compile(
    r"(?:(?<![^\W\d_])(?:by|owe[sd]?|without|except|excluding|but|not|no|minus|paid|ohne|außer|ausser|nicht|keine?|sans|sauf|pas"
    r"|hors)|[除没沒不欠替帮幫请請]|[垫墊代]付)\s*\x02"
)
_PERCENT = re.compile(
    r"\x02\s*[=:]?\s*[0-9.,]+\s?[%％]|[0-9]\s?[%％]\s*(?:for|to|für|an|pour|à|给)?\s*\x02|(?<!\w)50/50(?!\w)"
)
_EVERYBODY = re.compile(
    r"(?<![^\W\d_])(?:everyone|everybody|each|jede[rs]?|chacune?)(?![^\W\d_])"
    r"|(?<![^\W\d_])(?:except|excluding|exclusive|sauf|außer|ausser)\s+[^\W\d_]|(?:除了|不含|不算|不包括|唔計)[\u3400-\u9fff]"
)
_WEEKDAYS = (
    "mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|saturdays?|sundays?|weekdays?|weekends?|montags?|dienstags?|mittwochs?"
    "|donnerstags?|freitags?|samstags?|sonntags?|werktags?|wochentags?|wochenenden?|lundis?|mardis?|mercredis?|jeudis?|vendredis?"
    "|samedis?|dimanches?|week-?ends?"
)
_RHYTHM = re.compile(
    r"(?<![^\W\d_])(?:bi-?(?:month|week)ly|semi-?monthly|bimensuel(?:le)?|twice a|times a|times per|fois par"
    r"|mal im|mal pro|zweimal|jeweils|werktags|wochentags|(?:monats|jahres)(?:ende|anfang|letzten)"
    rf"|(?:every|each|jede[rnms]?|alle|chaque|tous les|toutes les)\s+(?:\S+\s+)?(?:{_WEEKDAYS}|months?|monats\w*|mois"
    r"|weeks?|woche|wochen|semaines?|years?|jahre?s?|ans?|quarters?|quartale?s?|trimestres?)"
    r"|(?:on|am)\s+(?:mondays|tuesdays|wednesdays|thursdays|fridays|saturdays|sundays|weekdays|weekends)"
    r"|(?:monatlich|wöchentlich|monthly|weekly|mensuel|mensuelle)\s+(?:ab|seit|from|since|starting|dès|à partir))"
    r"(?![^\W\d_])|每(?:逢|月|周|週|年|季)|月底|月末|每半|一(?:周|星期|个?月|天|年)[0-9两二三四五]次"
)
_ME = re.compile(
    r"(?<![^\W\d_])(?:me too|me neither|me as well|(?:no|not|without|minus|incl\.?|excl\.?|ohne|sans|pas"
    r"|auch) (?:me|mich|mir|moi))(?![^\W\d_])"
    r"|(?<!\S)[-−–]\s?(?:me|myself|mich|moi|ich)(?![^\W\d_])|(?<!\S)[-−–]\s?[我自]"
    r"|(?:不含|不算|除了|没有|包括)我|我(?:不|没|也)|[自己我]\s?[0-9.]+\s?[%％份]"
)
_OWING = re.compile(
    r"(?<![^\W\d_])(?:owes?|owed|schulde(?:st|t|n)?|dois|doit|doivent)(?![^\W\d_])|欠"
    r"|\x02\s*(?:who|qui|(?:be|ge)zahlt|ausgelegt|payé)(?![^\W\d_])|(?<![^\W\d_])(?:hat|has|did|a)\s*\x02"
)
_SEVERAL_PAID = re.compile(
    r"(?<![^\W\d_])(?:ont|avons|avez|haben|have|both|tous|beide)\s(?:\S+\s){0,3}?(?:payé|réglé|avancé|bezahlt|gezahlt|paid)(?![^\W\d_])"
)
_HAN_BEHIND = re.compile(
    r"\x02\s*(?:请|全|先付|带|家属|[两三四]个?人|免|没|沒|不|账|家|包|少|多|只)|[他她]们|(?:不用|别|不要|不)(?:算|带|加)我"
)
_MORE_PEOPLE = re.compile(
    r"\x02\s*(?:lädt|invite|offre|absente?|l['’]a|samt|spendiert|treating|hosts)(?![^\W\d_])"
    r"|(?<![^\W\d_])(?:payée?s?|réglée?s?|paid|covered|offerte?s?|geht auf|offert par)\s*\x02"
    r"|\A(?!.*(?<![^\W\d_])hab(?:e|en|s)?(?![^\W\d_])).*(?<![^\W\d_])(?:bezahlt|gezahlt)\s*\x02"
)
_HALF = re.compile(
    r"(?<![^\W\d_])(?:half|halb|halbe|demi|moitié|hälfte)\s*(?:\x02|\Z)"
    r"|(?<![^\W\d_])(?:double|twice|doppelt)\s*\x02|(?:will|should|must|to) be\s*\x02"
)
_MOVED = re.compile(
    r"(?<![^\W\d_])(?:gave|give|sent|send|lent|lend|loaned|paid|pay|transferred|venmoe?d?|paypale?d?|borrowed|überwiesen"
    r"|geliehen|gegeben|geschickt|prêté|envoyé|donné|viré)\s*\x02(?!\x02)|(?:借给|转给|付给|打给|收|向|[借转转還还汇打])\s*\x02"
)
_PORTION = re.compile(
    r"[帮替还還转轉给給借]我"
    r"|(?<![^\W\d_])(?:venmo|zelle|paypal|cash ?app|revolut|twint|send|give|pay|wire|schickt?|gib|gebt|zahlt?"
    r"|überweist?|envoie[sz]?|donne[sz]?|paye[sz]?|vire[sz]?) (?:me|mir|moi)(?![^\W\d_])"
    r"|(?:[0-9€$]|\x02)\s*(?:a |la |die |je )?(?:half|third|quarter|moitié|hälfte|halbe|tiers)(?![^\W\d_])"
    r"|(?<![^\W\d_])(?:half|moitié|hälfte) (?:of|de|von)(?![^\W\d_])|一半|对半|各半|\x02\s*[一二三四五六七八九]成"
    r"|(?<![\w.:])[0-9]{1,2}(?:\s?[:：]\s?[0-9]){1,5}(?![\w:])"
    r"|(?<![^\W\d_])(?:one|two|three|ein|zwei|drei|un|deux|trois) (?:thirds?|quarters?|drittel|viertel|tiers|quarts?)"
    r"(?![^\W\d_])|[二三四]分之[一二三]"
)
_TREAT = re.compile(
    r"我(?:请|出|包)(?![\u3400-\u9fff])|算我的"
    r"|(?<![^\W\d_])(?:my treat|on me|auf mich|lade (?:euch )?ein|j['’]invite|c['’]est pour moi)(?![^\W\d_])|请客|請客"
)
_NOTHING = re.compile(
    r"(?<![^\W\d_])(?:nothing|for free|nichts|nix|umsonst|gratis|rien|gratuite?ment)(?![^\W\d_])|免费|免費|不用[付给出]"
    r"|(?<![\w.,])[0-9]{1,2}\s?[x×]\s?\x02"
)
"""Who pays nothing, or several parts: `@bo zahlt nichts`, `3x @bo`."""
_RELATION = (
    "girlfriend|boyfriend|wife|husband|partner|kids?|friends?|family|freundin|freund|frau|mann|kindern?|familie|copine|copain|sohn|tochter|kind|son|daughter|kid|baby|fils|fille|enfant"
    "|femme|mari|enfants?|amie?s?|famille"
)
_COMPANY = re.compile(
    rf"\x02.*(?<![^\W\d_])(?:with|and|plus|mit|und|samt|avec|et)\s+(?:[^\W\d_]+\s)?(?:{_RELATION})(?![^\W\d_])"
    r"|\x02.*[和跟带](?:他|她)?(?:老婆|老公|女友|男友|女朋友|男朋友|对象|孩子|爸妈|朋友)"
)
_CHILDREN = re.compile(
    r"\x02[^\x02]*(?:小孩|孩子|儿童|兒童|(?<![^\W\d_])(?:kids?|child(?:ren)?|enfants?|kind(?:er)?)(?![^\W\d_]))[^\x02]*"
    r"(?:半|(?<![^\W\d_])(?:half|halb\w*|demi|moitié))"
    r"|(?<![^\W\d_])(?:counts? as|zählen als|zählt als|compten?t? (?:pour|comme))(?![^\W\d_])"
)
_NO_MONEY = re.compile(
    r"(?<![^\W_])(?:xau|xag|xpt|xpd|xdr|btc|xbt|eth|usdt|usdc|sats?|satoshis?|hrk|bgn|dem|frf|itl|ats)(?![^\W_])"
)
"""What has a code and is no currency of a bill: such an amount is not one of the room's currency."""
_ABOUT_PEOPLE = (
    _BEHIND_SOMEBODY, _BEFORE_SOMEBODY, _PERCENT, _EVERYBODY, _RHYTHM, _ME, _OWING, _MOVED, _SEVERAL_PAID, _HALF,
    _HAN_BEHIND, _MORE_PEOPLE, _PORTION, _TREAT, _COMPANY, _CHILDREN, _NO_MONEY, _NOTHING,
)  # fmt: skip
_ABOUT_BEFORE = re.compile(
    r"(?:[~≈±≤≥]|(?<![-=])[<>]|(?<![^\W\d_])(?:few|couple(?: of)?|several|some|ein paar|paar|einige|quelques)"
    r"|(?<![^\W\d_])(?:about|approx\.?|approximately|around|roughly|almost|nearly|over|under|ca\.?|circa|etwa"
    r"|ungefähr|rund|knapp|fast|über|environ|presque|à peu près)|大概|大约|大約|约|差不多|将近|不到|快要|多达"
    r"|(?<![\w.,])[0-9]+\s?(?:[x×]\s)?[^\W\d_]+(?:\s[^\W\d_]+)?\s+(?:at|à|zu|zu je|je|@|[x×*])"
    r"|(?<=paid )like|(?<=was )like|(?<=cost )like)\s*\Z"
)
_EACH_THING_BEFORE = re.compile(
    r"(?:单价|(?:[2-9]|[两三四五六七八九十])([个张份杯瓶只块件条盒袋斤碗]).*一\1|每[家户对桌张份杯瓶个個间間晚天次盒斤条件支碗桌辆台趟节课小]小?时?|(?<![^\W\d_])(?:per|each|pro|par|je|jede[rs]?|chaque)"
    r" (?:night|hour|day|piece|item|kilo|kg|km|mile|ticket|bottle|beer|drink|couple|family|room|table|car|nacht|stunde"
    r"|tag|stück|flasche|zimmer|paar|familie|auto|nuit|heure|jour|pièce|bouteille|chambre|couple|famille|voiture|billet|karte))\s*\Z"
)
_ABOUT_BEHIND = re.compile(
    r"\s[1-3]/[2-8](?![\w/])|[，。、][0-9]{1,2}(?![0-9\u3400-\u9fff])|\s[.,][0-9]|,[-–][0-9]|\s[kw](?![^\W_]|/)|\s?[多几幾余](?:块|元|[\s\x02]|\Z)"
    r"|\s*(?:times|mal|fois|乘以?|x)\s*(?:two|three|four|five|six|zwei|drei|vier|fünf|sechs|deux|trois|quatre|cinq|[0-9二两三四五])"
    r"|\s?(?:(?:cr|mil)(?![^\W_])|左右|上下|出头|不到|ish\b|or so\b|or more\b|odd\b|max\b)|\+(?![\w@])|\s*[/÷:]\s?[0-9]"
)
_TIMES_LATER = re.compile(r"\s[^\W\d_][^0-9\x02]*\s?(?<![^\W_])[x×]\s?[2-9](?![\w.,])")
"""`5.99 meal deal x3`."""
_EACH_THING = re.compile(
    r"\s*(?:l['’]année|l['’]an|le mois|la semaine|l['’]heure|la nuit|le kilo|la pièce)(?![^\W\d_])"
    r"|\s*(?:/\s?|(?<=\s)(?:per|pro|par|a|an|la|each|je|every)\s|每|一(?=[晚小天]))\s*"
    r"(?:night|hour|day|piece|item|kilo|kg|km|mile|ticket|bottle|beer|drink|couple|family|room|table|car|nacht|stunde|tag"
    r"|stück|flasche|zimmer|paar|familie|auto|nuit|heure|jour|pièce|bouteille|chambre|couple|famille|voiture"
    r"|晚|小时|天|个|瓶|间|桌|家|户|对|张|份|件|杯)(?![^\W\d_\u3400-\u9fff])"
)
_PER_ANYTHING = re.compile(
    r"\s*(?:per|pro|par)\s(?!(?:cash|card|karte|carte|chèque|cheque|virement|überweisung|bank|paypal"
    r"|post|app|twint|forma|prélèvement)"
    r"(?![^\W_]))[^\W\d_]"
)
_REFUND = re.compile(
    r"(?<![^\W\d_])(?:refund(?:ed)?|returned|money back|cash ?back|credit (?:from|for|by|note)"
    r"|gutschrift|rendue?s?|restituée?s?|zurückgegeben|reimburse(?:d|ment)?|rückerstattung"
    r"|erstattung|erstattet"
    r"|pfand zurück|geld zurück|zurück(?:bekommen|erhalten|gezahlt)|remboursement|remboursée?s?|remboursé"
    r"|avoir)(?![^\W\d_])"
    r"|(?<![^\W\d_])pfand(?![^\W\d_]).*(?<![^\W\d_])zurück|(?:退款|退押金|退货|退貨|退了|退回|退票|返现)|\b(?:got|gave|gives|gets?|sent|sends|paid|came|returned)\b.*\bback\b|[0-9€$£]\s*back(?![^\W_])|\bdeposit\s+(?:\S+\s+)?back\b"
)


def is_doubtful(rest: Marked) -> bool:
    """Whether words are left that may be about people and their parts."""
    return any(pattern.search(rest.folded) for pattern in _ABOUT_PEOPLE)


def is_about_somebody(title: str, names: frozenset[str], *, is_among_named: bool) -> bool:
    """Whether a title has the name of a member who may be one of those who pay: `uber, sam and I`.

    Where others are named (`is_among_named`) only with words beside it that say so: `Fritz zahlt nix`.
    """
    text = fold(title)
    for name in names:
        if name in text and len(name) > 1:
            text = re.sub(rf"(?<![^\W\u3400-\u9fff]){re.escape(name)}(?![^\W\u3400-\u9fff]|['’])", "\x02", text)
    is_there = "\x02" in text
    return is_there and bool(not is_among_named or _BEHIND_SOMEBODY.search(text) or _BEFORE_A_NAME.search(text))


def is_about(rest: Marked, start: int, end: int) -> bool:
    """Whether the amount is said to be about right only, or to be the price of one thing of several."""
    behind = rest.folded[end:]
    before = rest.folded[:start]
    is_price = _EACH_THING_BEFORE.search(before) or _EACH_THING.match(behind) or _PER_ANYTHING.match(behind)
    return bool(is_price or _ABOUT_BEFORE.search(before) or _ABOUT_BEHIND.match(behind) or _TIMES_LATER.match(behind))


def is_refund(rest: Marked) -> bool:
    """Whether words are left that speak of money coming back."""
    return bool(_REFUND.search(rest.folded))

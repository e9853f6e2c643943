"""What a sentence does with what it says: asserts it, denies it, attributes it, asks it or limits it.

Sentence embeddings cannot tell support from contradiction, so this is decided
from the words alone: clause order, negation, reporting verbs, and phrases that
say how far the evidence reaches. The rules are general English and know no claim.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum


class Stance(StrEnum):
    """How a sentence stands to the proposition in it."""

    ASSERTS = "asserts"
    DENIES = "denies"
    ATTRIBUTES = "attributes"
    ASKS = "asks"
    LIMITS = "limits"


def _any(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{part})" for part in parts))


_QUOTES = str.maketrans({"‘": "'", "’": "'", "ʼ": "'", "“": '"', "”": '"'})

_STUDIES = (
    r"(?:human |clinical |controlled |good |reliable |strong |direct |published |registered |pooled "
    r"|sleep |head-to-head )*"
    r"(?:stud(?:y|ies)|trials?|evidence|research|data|proof|reviews?|reports?|guidelines?|comparisons?"
    r"|experiments?)"
)
_TESTED = (
    r"(?:tested|tried|studied|shown|proven|proved|established|demonstrated|confirmed|settled|compared"
    r"|measured|examined"
    r"|verified|approved|found|ruled out|evaluated|assessed|investigated|isolated|looked at|backed"
    r"|checked|answered)"
)

# The sentence says that the evidence is missing, or what it cannot carry.
_EVIDENCE_LIMIT = _any(
    r"(?<!needs )(?<!need )\b(?:no|not any|hardly any|few|too few|only a few|neither|none of (?:the"
    rf"|these)) (?:[\w-]+ ){{0,3}}?{_STUDIES}\b",
    rf"\b{_STUDIES} (?:\w+ ){{0,4}}(?:is|are|was|were) (?:\w+ )?(?:lacking|missing|scarce|limited|weak"
    r"|thin|mixed|inconclusive)",
    r"\b(?:not|never|hardly|n't|nor|nobody has|no one has|neither)(?: yet| been| ever| properly| well"
    r"| fully| really"
    rf"| rigorously| clearly| often| have| be| conclusively)* {_TESTED}\b",
    r"\b(?:nobody|no one|none) (?:knows|(?:can|could) (?:honestly |yet )?(?:say|tell|promise|know|guarantee))\b",
    # "no known right dose", but not "no known risk", which makes light of it
    r"\b(?:there is|there's|there are|has|have) no (?:known|proven|established|agreed|recogni[sz]ed|approved|tested"
    r"|accepted|standard|official|reliable|basis)\b(?! (?:[\w-]+ ){0,2}?(?:risks?|harms?|dangers?|side|downsides?"
    r"|interactions?|problems?|withdrawal|deaths?|effects?|toxic\w*|hazards?|cases?|injur\w+|seizures?|overdoses?"
    r"|drawbacks?|complications?|limits?|reactions?|issues?)\b)",
    r"\b(?:unproven|untested|unknown|unclear|uncertain|unsettled|not known|not clear|not certain"
    r"|not settled|undetermined)\b",
    r"\b(?:can(?:not|'t)|could(?: not|n't)|do(?:es)? not|doesn't|don't|did not|didn't) (?:\w+ ){0,2}?"
    r"(?:prove|show|say|tell|mean|establish|demonstrate|confirm|be carried over|be credited|rule out|rank"
    r"|separate|guarantee)\b",
    r"\b(?:goes|go|going) (?:beyond|further than) (?:what )?(?:the )?(?:evidence|science|data|tests?|laboratory)",
    r"\b(?:is|are|was|were) (?:not|no) (?:proof|evidence|the same|a finding|a statement|necessarily)\b",
    r"\bsays? (?:nothing|little) about\b|\btells? you nothing\b|\bmeans? little\b",
    r"\bno trial supports\b|\bmore (?:\w+ )?(?:trials?|research|studies) (?:is|are|were) needed\b",
    r"\bnothing (?:\w+ ){0,3}?(?:shows|proves|suggests|demonstrates)\b",
    r"^whether\b.*\b(?:not|un\w+|never|differ\w*|depends?)\b|\bnot found in these sources\b",
)

# The sentence says how many people, which animals or which study it speaks of.
_SCOPE_LIMIT = _any(
    r"\b(?:in|among|for|of) (?:some|a few|a small (?:share|number|part) of|certain|many|one|two|several)\b",
    r"\b(?:some|not all|not every|not everyone|a few|certain|several) (?:[\w-]+ ){0,2}?(?:people|users"
    r"|persons|patients|men|women"
    r"|adults|cases|studies|states|products|mothers|newborns|babies|participants|researchers|authors)\b",
    r"\bnot (?:for )?everyone\b|\bbut not (?:for|in|to) (?:all|everyone)\b|\bsome (?:do|does|did|have|has|may)\b",
    r"\b(?:in|on) (?:mice|rats?|cells?|animals?|monkeys|pigeons|zebrafish|the laboratory|test tubes?"
    r"|a lab)\b|\b(?:mouse|rat) ",
    r"\bin (?:a|an|one|two|the|this|that|another|its|his|her|their|these|those|pooled|several|(?:19|20)\d\d) "
    r"(?:[\w'-]+ ){0,6}?(?:stud(?:y|ies)|survey|trials?|reviews?|report|reports|analysis|series|sample"
    r"|case|cases|test|record|"
    r"experiment|interviews?|cohort|comparison|records|database|registry|questionnaire|network|meta-analysis)\b",
    r"\b(?:case reports?|case series|one case|single cases?|poison cent(?:er|re)s?)\b",
    r"\b(?:\d[\d,.]*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|thirty|half"
    r"|a third|a quarter|about a third)"
    r" (?:percent|per cent|%|of|out of|in \d|cases|patients|people|users|men|women|adults|deaths)"
    r"|(?<!\b100)(?<!\d)\d{0,2}(?:\.\d+)?%",
    r"\b(?:rarely|uncommon|rare|sometimes|occasionally|differ(?:s)? (?:from|between|so|widely)|var(?:y"
    r"|ies) (?:widely|a lot))\b",
    r"\bas of (?:\w+ )?\d{4}\b|\bit depends\b|\bdepends on\b",
)

# The sentence says that it would be wrong to say something; whether that is fair depends on what.
_REJECTION = _any(
    r"\b(?:it|this|that) (?:is|was|would be|seems) (?:simply |plainly |also |just |therefore |too |an? |not )*"
    r"(?:wrong|false|untrue|true|correct|right|incorrect|inaccurate|misleading|mistaken?|unfair|fair|premature|early"
    r"|unfounded|myth|exaggeration|overstatement|error)(?: [\w-]+){0,2}? "
    r"(?:to (?:say|claim|state|call|tell|think|conclude|suggest|assume|present|treat|describe|promise)|that)\b",
    r"^(?:saying|claiming|calling|to (?:say|call|claim|present|promise)|(?:the|that) (?:claim|idea|notion|statement"
    r"|belief|slogan))\b.*\b(?:wrong|false|untrue|misleading|too far|beyond|further than|overstat\w+|exaggerat\w+"
    r"|not (?:been )?(?:supported|backed|tested|shown|true|proven|studied|put)|no (?:stud\w+|trials?|evidence|basis"
    r"|support)|unproven|untested|unsupported|myth)\b",
    r"\bgoes? too far\b|\bgoes? (?:further|beyond)\b",
)

_LAY = (
    r"(?:users?|people|sellers?|vendors?|ads?|adverts?|advertisers?|marketers?|shops?|stores?|labels?"
    r"|posters?|posts?|forums?"
    r"|websites?|companies|makers|consumers?|customers?|respondents?|participants?|patients?|volunteers"
    r"|survey takers"
    r"|man|woman|person|someone|mother|veterans|fans|friends?|teenagers|promoters|supporters|advocates"
    r"|villagers|farmers"
    r"|stories|reviews|others|members)"
)
_SAY = (
    r"(?:say|says|said|saying|report|reports|reported|reporting|claim|claims|claimed|believe[sd]?|feel"
    r"|feels|felt|describe[sd]?"
    r"|call|calls|called|tell|tells|told|credit|credits|credited|rate[sd]?|find|finds|found it|think"
    r"|thinks|swear|swears"
    r"|promise[sd]?|promote[sd]?|advertise[sd]?|named?|mention|mentions|see|perceive[sd]?|see it"
    r"|cite[sd]?|gave|answered|see themselves)"
)
_BODIES = (
    r"(?:fda|nida|dea|who|cdc|samhsa|nhs|nice|mayo clinic|unodc|nccih|livertox|agency|agencies|committee"
    r"|authors?|researchers"
    r"|royal college|task force|review|study|survey|analysis|guide|guidance|report|commentary|article"
    r"|newspaper|trial|page|law firm"
    r"|county|office|label|notice|law|act|investigators|college|summary|site)"
)
_BY_PEOPLE = _any(
    rf"\b{_LAY}\b(?! who {_SAY})(?: [\w'-]+){{0,6}}?(?<!\bto) {_SAY}\b",
    r"\b(?:is|are|was|were|been|being) (?:sometimes |often |widely |commonly |also )?(?:sold|marketed"
    r"|promoted|advertised|nicknamed)\b",
)
_ATTRIBUTION = _any(
    _BY_PEOPLE.pattern,
    r"\b(?:it|they|he|she) (?:also )?(?:says?|said|calls?|called|warns?|warned|advises?|noted|asked"
    r"|concluded|judged)\b",
    r"\b(?:according to|in the (?:view|words|opinion) of|in (?:his|her|their) (?:own )?(?:view|words"
    r"|experience))\b",
    r"\b(?:is|are|was|were|been|being) (?:sometimes |often |widely |commonly |also )?(?:sold|marketed"
    r"|promoted|advertised|nicknamed"
    r"|called|said|reported|described|recorded|listed|credited|rated|perceived|claimed)\b",
    r"\b(?:claims?|promises?|saying|stories|reports?|beliefs?|impressions?) (?:that|of|by|from)\b",
    r"\b(?:the|a|an|one|two|its|some|this|that|us|uk"
    rf"|\d{{4}}) (?:[\w'-]+ ){{0,4}}?{_BODIES}(?: [\w'(),-]+){{0,6}}? "
    r"(?:says?|said|found|finds|reports?|reported|warns?|warned|concluded|noted|called|judged|rated|saw"
    r"|estimated|describes?|described"
    r"|recommends?|recommended|advises?|advised|asked|linked|counted|suggested|gathered|kept|withdrew"
    r"|notes?|states?|puts?|put)\b",
    r"\b(?:fda|nida|dea|the who|cdc|samhsa|nhs|nice|nccih|mayo clinic|los angeles county|livertox|health canada)"
    r" (?:also )?"
    r"(?:says?|said|found|warns?|warned|advises?|recommends?|reported|noted|lists?|has (?:not )?(?:warned"
    r"|told|said|issued))\b",
    r"\b(?:self-reported|as they see it|their own impression|what they report|what users believe)\b",
)

# Voices used to lend weight rather than to name a source: the content is still put forward as true.
_BORROWED_WEIGHT = _any(
    r"\b(?:experts?|scientists?|doctors?|physicians?|psychiatrists?|clinicians?|science|research"
    r"|researchers|studies|surveys"
    r"|trials|everyone|everybody|thousands|millions|generations|therapists|rehabs|the evidence"
    r"|it)\b(?: [\w'-]+){0,3}? "
    r"(?:agree[sd]?|confirm(?:s|ed)?|prove[sdn]?|show(?:s|n|ed)?|demonstrate[sd]?|establish(?:ed)?|know"
    r"|knows|back|backs|settle[sd]?"
    r"|recommend|suggests?|indicates?|advise|hide|see|suggest|turns out|admit)\b",
)

_CONCLUSION = re.compile(
    r"[,;:]?\s*\b(?:so|therefore|hence|thus|consequently|which (?:means?|proves?|shows?|confirms?"
    r"|demonstrates?|tells you|makes it))\b(?! far| that (?:the|you|they) can| much| many| called| little)\s+"
)
_CONTRAST = re.compile(r"[,;]\s+(?:but|yet|however|still|nevertheless|and yet)\b,?\s+|;\s+|\bhowever,\s+")
_BUT = re.compile(r"\b(?:but|yet|however|still|nevertheless)\b")
_FRONTED = re.compile(
    r"^(?:although|though|while|even though|even if|despite|whereas|because|since|if|as long as|now that|given that)"
    r"\b[^,]*,\s*(?P<main>.+)$"
)
_QUESTION_WORD = re.compile(
    r"^(?:(?:so|and|but|ok|hey|hi|well|please|um|also)[, ]+)?(?:is|are|was|were|do|does|did|can|could"
    r"|will|would|should|has|have|had|am"
    r"|isn't|aren't|doesn't|don't|didn't|can't|couldn't|won't|wouldn't|shouldn't|hasn't|haven't|what"
    r"|what's|which|who|whom|whose|when|where"
    r"|why|how|how's|any)\b"
)
_TAG = re.compile(
    r",?\s*\b(?:right|correct|true|yes|yeah|no|ok|okay|innit|huh|eh|(?:is|are|was|do|does|did|can|could"
    r"|will|would|has|have|should)(?:n't)?"
    r" (?:it|they|you|i|he|she|we|there|that))\s*\?*$"
)
_RHETORICAL = re.compile(
    r"^why (?:settle|wait|suffer|struggle|bother|pay|risk|be|put up|take|waste|keep|stay)\b.*\bwhen\b"
    r"|^who needs\b|^(?:tired|sick) of\b"
)
_NEGATION = re.compile(
    r"\b(?:not|never|no|nobody|no one|none|nothing|neither|nor|without|cannot|\w+n't|cant|dont|doesnt"
    r"|isnt|wont|aint)\b"
    r"|\b(?:is|are|as|was) (?:simply |pure |just )?(?:a |an )?(?:myth|false|untrue|wrong|lie|lies"
    r"|misleading|nonsense|fake)\b"
    r"|\b(?:lacks?|devoid of|free of|free from|fails? to|far from)\b"
)


def normalise(sentence: str) -> str:
    """Lower-case, fold and squeeze a sentence for the rules."""
    folded = unicodedata.normalize("NFKC", sentence).translate(_QUOTES).lower()
    return " ".join(folded.split())


def is_question(text: str) -> bool:
    """Say whether normalised text asks, a rhetorical selling question excepted."""
    bare = text.strip(" \"'()")
    if _RHETORICAL.match(bare):
        return False
    if bare.endswith("?"):
        return True
    return bool(_QUESTION_WORD.match(bare)) and not bare.endswith((".", "!", ":"))


def stance(sentence: str) -> Stance:
    """Decide how a sentence stands to what it says, from its words alone.

    The clause that the sentence ends on decides: what follows "so" or "but"
    outweighs what came before.
    """
    text = normalise(sentence)
    if is_question(text) or (_TAG.search(text) and text.endswith("?")):
        return Stance.ASKS
    conclusion = _last_part(_CONCLUSION, text)
    if conclusion is not None:
        return _clause_stance(conclusion)
    before, after = _contrast(text)
    if after is None:
        return _clause_stance(text)
    first, last = _clause_stance(before), _clause_stance(after)
    if first in (Stance.LIMITS, Stance.ATTRIBUTES) and "; " in text and not _BUT.search(text):
        return Stance.LIMITS  # a semicolon goes on with the same thought
    return Stance.LIMITS if last is Stance.DENIES and first is Stance.ATTRIBUTES else last


def limits_evidence(text: str) -> bool:
    """Say whether normalised text states that evidence is missing or cannot carry the point."""
    return bool(_EVIDENCE_LIMIT.search(text))


def limits_scope(text: str) -> bool:
    """Say whether normalised text restricts itself to some people, animals, or a named study."""
    return bool(_SCOPE_LIMIT.search(text))


def rejects(text: str) -> bool:
    """Say whether normalised text calls a statement wrong, or too much to say."""
    return bool(_REJECTION.search(text))


def attributes(text: str) -> bool:
    """Say whether normalised text puts its content in someone's mouth."""
    return bool(_ATTRIBUTION.search(text))


def attributes_to_people(text: str) -> bool:
    """Say whether normalised text reports what users, sellers or other people say."""
    return bool(_BY_PEOPLE.search(text))


def borrows_weight(text: str) -> bool:
    """Say whether normalised text calls on unnamed experts or science to put its content forward."""
    return bool(_BORROWED_WEIGHT.search(text))


def negates(text: str) -> bool:
    """Say whether normalised text holds a negation."""
    return bool(_NEGATION.search(text))


def concludes(text: str) -> bool:
    """Say whether normalised text draws a conclusion ("so", "which proves")."""
    return bool(_CONCLUSION.search(text))


def contrast_tail(sentence: str) -> str | None:
    """Return what follows the last "but" of a sentence, when it is a clause of its own."""
    text = normalise(sentence)
    tail = _contrast(text)[1] if _BUT.search(text) else None
    return tail if tail is not None and len(tail.split()) >= 3 else None


def _clause_stance(text: str) -> Stance:
    fronted = _FRONTED.match(text)
    main = fronted.group("main") if fronted else text
    if limits_evidence(main):
        return Stance.LIMITS
    if attributes(main) and not borrows_weight(main):
        return Stance.ATTRIBUTES
    if limits_scope(main):
        return Stance.LIMITS
    return Stance.DENIES if negates(main) else Stance.ASSERTS


def _last_part(pattern: re.Pattern[str], text: str) -> str | None:
    """Return what follows the last match, when enough stands before and after it to be two clauses."""
    found = None
    for match in pattern.finditer(text):
        if match.start() >= 12 and len(text) - match.end() >= 8:
            found = text[match.end() :]
    return found


def _contrast(text: str) -> tuple[str, str | None]:
    found = None
    for match in _CONTRAST.finditer(text):
        if match.start() >= 8 and len(text) - match.end() >= 8:
            found = match
    return (text, None) if found is None else (text[: found.start()], text[found.end() :])

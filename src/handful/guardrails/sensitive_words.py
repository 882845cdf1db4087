"""The words behind the deny-list: the 16 sensitive classes of the GPP US section, and children.

A word stands for itself, with or without a plural s; `pregnan*` for every word that begins so;
words with a blank for that phrase, written together or apart; `=black` for a name that says nothing
else (`black`, `is_black`, not `black_friday`). Innocent phrases are taken out before anything is
looked for. The list is English; a brief adds words of its own with guardrails.deny.
Source: IAB Tech Lab, Global Privacy Platform, US National section, SensitiveDataProcessing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class SensitiveClass:
    """One class of the list.

    Attributes:
        number: place in the GPP list, 1 to 16; 17 for children, 0 for the brief's own words.
        name: the class as a message names it.
        words: what gives it away.
    """

    number: int
    name: str
    words: tuple[str, ...]


def _class(number: int, name: str, words: str) -> SensitiveClass:
    return SensitiveClass(number, name, tuple(word.strip() for word in words.split(",")))


CLASSES: Final[tuple[SensitiveClass, ...]] = (
    _class(
        1,
        "race or ethnic origin",
        "race, racial, ethnic*, hispanic, latino, latina, latinx, caucasian, african american, "
        "native american, pacific islander, aboriginal, romani, caste, skin color, skin colour, "
        "skin tone, =black, =white, =asian, =nonwhite",
    ),
    _class(
        2,
        "religion or philosophy",
        "religio*, church, mosque, synagogue, christian, christianity, muslim, islam, islamic, "
        "jewish, judaism, hindu, hinduism, buddhis*, sikh, catholic, catholicism, protestant, "
        "atheis*, worship*, prayer, quran, koran, torah, bible, ramadan, halal, kosher, "
        "philosophical belief, =faith, faith group",
    ),
    _class(
        3,
        "health, pregnancy included",
        "pregnan*, maternity, prenatal, antenatal, trimester, expectant, expecting mother, mother "
        "to be, mothers to be, mom to be, mum to be, baby bump, baby shower, baby registry, "
        "miscarriage, abortion, fertility, infertil*, ivf, hiv, =aids, cancer, oncolog*, "
        "chemotherap*, diabet*, asthma*, epilep*, dementia, alzheimer*, autis*, adhd, hepatitis, "
        "malaria, tuberculosis, depression, anxiety, bipolar, psychiatr*, psychotherap*, suicid*, "
        "mental health, mental illness, health status, health condition, health problem, "
        "disabilit*, disabled, handicapped, wheelchair, disease, illness, chronic, patient, "
        "hospitalis*, hospitaliz*, hospital stay, surgery, alcoholi*, addict*, rehab, "
        "rehabilitation, substance abuse, drug abuse, drug use, obese, obesity, incontinen*, "
        "erectile, viagra, menopaus*, hearing aid, blood type",
    ),
    _class(
        4,
        "sex life or sexual orientation",
        "sexual*, sex life, sex toy, homosexual*, heterosexual*, bisexual*, gay, lesbian, lgbt*, "
        "queer, porn*, erotic*, condom, fetish*, adult content, escort service",
    ),
    _class(
        5,
        "citizenship or immigration status",
        "citizen, citizenship, immigra*, refugee, asylum*, migrant, undocumented, naturalization, "
        "naturalisation, visa status, visa type, green card, residence permit, residency status, "
        "work permit, alien status",
    ),
    _class(
        6,
        "genetic data",
        "genetic*, genom*, genotyp*, dna, brca*, hereditary, ancestry test",
    ),
    _class(
        7,
        "biometric data",
        "biometr*, fingerprint*, faceprint, face id, face scan, face template, facial recognition, "
        "iris scan, retina scan, retinal scan, voiceprint, voice print, palm print, gait",
    ),
    _class(
        8,
        "precise location",
        "latitude, longitude, =lat, =lon, =lng, lat lon, lat lng, lat long, gps, geolocation, "
        "geohash, precise location, exact location, current location, home location, home address, "
        "street address, location history, location trace",
    ),
    _class(
        9,
        "government id number",
        "ssn, social security, social insurance number, passport, driver licence, driver license, "
        "drivers licence, drivers license, driving licence, driving license, national id, national "
        "identity, identity card, id card number, tax id, taxpayer id, tax number, nhs number, "
        "voter id",
    ),
    _class(
        10,
        "account or financial credentials",
        "password, passwd, passphrase, iban, account number, bank account, card number, cvv, cvc, "
        "routing number, sort code, card pin, pin number, security code, security answer, login "
        "credential, access token, account login",
    ),
    _class(
        11,
        "union membership",
        "union member, union membership, trade union, trades union, labor union, labour union, "
        "union dues, unionised, unionized, =union",
    ),
    _class(
        12,
        "contents of private mail or messages",
        "message text, message body, message content, mail text, mail body, mail content, email "
        "text, email body, email content, sms text, sms body, sms content, chat text, chat log, "
        "chat transcript, chat content, call transcript, call recording, voicemail, private "
        "message, direct message text, inbox content, conversation text",
    ),
    _class(
        13,
        "consumer health data",
        "medication, medicine, prescription, diagnos*, symptom, bmi, body mass, blood pressure, "
        "glucose, insulin, heart rate, cholesterol, weight loss, slimming, diet pill, menstrua*, "
        "period tracker, ovulation, contracepti*, birth control, antidepressant, painkiller, "
        "smoking cessation, quit smoking, therapy, therapist, clinic visit, doctor visit",
    ),
    _class(
        14,
        "victim of crime",
        "victim*, domestic abuse, domestic violence, abuse survivor, assault*, rape, raped, "
        "stalking, stalked, human trafficking",
    ),
    _class(
        15,
        "national origin",
        "nationality, national origin, country of birth, birth country, "
        "birthplace, place of birth, foreign born, born abroad, ancestry, mother tongue, native "
        "language",
    ),
    _class(
        16,
        "transgender or non-binary status",
        "transgender*, transsexual*, nonbinary, non binary, gender identity, gender reassign*, "
        "genderqueer, gender fluid, sex change, hormone therapy, pronoun",
    ),
    _class(
        17,
        "children",
        "=child, =minor, =teen, =juvenile, teenager, known child, under 13, under 16, "
        "under 18, underage, below 13, below 16, below 18, 13 to 15, 13 to 16, school pupil, "
        "schoolchild, schoolchildren, minor flag",
    ),
)
"""The 16 classes of the GPP's SensitiveDataProcessing, in its order, and children."""

INNOCENT: Final[tuple[str, ...]] = (
    "race day",
    "race kit",
    "race number",
    "race time",
    "race result",
    "race bib",
    "race entry",
    "race car",
    "race bike",
    "horse race",
    "boat race",
    "senior citizen",
    "citizen watch",
    "citizens bank",
    "credit union member",
    "citizen science",
    "christian dior",
    "christian louboutin",
    "kosher salt",
    "password reset",
    "password change",
    "device fingerprint",
    "browser fingerprint",
    "passport cover",
    "retail therapy",
    "church street",
    "church road",
    "genetic algorithm",
    "plant disease",
    "soil fertility",
)
"""Phrases that hold a listed word and say nothing about a person."""

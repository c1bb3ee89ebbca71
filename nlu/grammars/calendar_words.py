"""Days and months as people write them in English, Russian and Spanish."""

MONTHS = (
    r"jan(?:uary)?|янв(?:ар\w)?|enero|ene",
    r"feb(?:ruary)?|фев(?:рал\w)?|febrero",
    r"mar(?:ch)?|мар(?:т\w?)?|marzo",
    r"apr(?:il)?|апр(?:ел\w)?|abril|abr",
    r"may|ма[йяе]|mayo",
    r"june?|июн\w?|junio",
    r"july?|июл\w?|julio",
    r"aug(?:ust)?|авг(?:уст\w?)?|agosto|ago",
    r"sept?(?:ember)?|сен(?:т(?:ябр\w)?)?|sep?tiembre",
    r"oct(?:ober)?|окт(?:ябр\w)?|octubre",
    r"nov(?:ember)?|ноя(?:б(?:р\w)?)?|noviembre",
    r"dec(?:ember)?|дек(?:абр\w)?|diciembre|dic",
)
WEEKDAYS = (
    r"monday|понедельник\w?|пн|lunes",
    r"tuesday|tues|вторник\w?|вт|martes",
    r"wednesday|сред[уыае]|ср|mi[eé]rcoles",
    r"thursday|thurs?|четверг\w?|чт|jueves",
    r"friday|пятниц\w|пт|viernes",
    r"saturday|суббот\w|сб|s[aá]bado",
    r"sunday|воскресень\w|вс|domingo",
)
# Longer ones first: “day after tomorrow” holds “tomorrow”. “Por la mañana” is a part of the day.
RELATIVE = (
    (r"(?:the\s+)?day\s+after\s+tomorrow|послезавтра|pasado\s+ma[nñ]ana", 2),
    (r"(?:the\s+)?day\s+before\s+yesterday|позавчера|anteayer|antes\s+de\s+ayer", -2),
    (r"tomorrow|tmrw|tomorow|завтра|(?<!la )(?<!esta )ma[nñ]ana", 1),
    (r"yesterday|вчера|ayer", -1),
    (r"today|сегодня|hoy", 0),
)
COUNTS = {
    "a": 1, "an": 1, "one": 1, "un": 1, "una": 1, "одну": 1,
    "two": 2, "dos": 2, "два": 2, "две": 2, "three": 3, "tres": 3, "три": 3,
    "four": 4, "cuatro": 4, "четыре": 4, "five": 5, "cinco": 5, "пять": 5, "ten": 10, "diez": 10,
}  # fmt: skip

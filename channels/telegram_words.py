"""The few sentences that the Telegram adapter says itself, because they are about Telegram."""

PRIVATE_ONLY = {
    "en": "I help in private chats only: open my profile and press “Message”.",
    "ru": "Я помогаю только в личной переписке: откройте мой профиль и нажмите «Написать».",
    "es": "Solo atiendo en chats privados: abra mi perfil y pulse «Mensaje».",
}
ASK_PHONE = {
    "en": "Press the button below to send me your phone number. It shows me that you are you.",
    "ru": "Нажмите кнопку ниже, чтобы отправить мне свой номер телефона: так я пойму, что это вы.",
    "es": "Pulse el botón de abajo para enviarme su número de teléfono: así sabré que es usted.",
}
SHARE_PHONE_BUTTON = {
    "en": "Send my phone number", "ru": "Отправить мой номер", "es": "Enviar mi número",
}  # fmt: skip
MENU = {
    "en": {"start": "Start", "phone": "Send my phone number", "help": "What I can do"},
    "ru": {"start": "Начать", "phone": "Отправить мой номер телефона", "help": "Что я умею"},
    "es": {"start": "Empezar", "phone": "Enviar mi número de teléfono", "help": "Qué puedo hacer"},
}
DEFAULT = "en"

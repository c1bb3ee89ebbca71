/** Everything the widget says, in three languages; plural forms by CLDR through Intl.PluralRules. */

const EN = {
  title: "{company} assistant",
  answersAtOnce: "Answers at once",
  peopleHere: "Answers at once · people are here too",
  peopleAway: "Answers at once, at any hour",
  inQueue: "Finding you a person…",
  withAgent: "{name} is with you",
  aPerson: "A person",
  assistant: "Assistant",
  you: "You",
  ended: "Conversation ended",
  offline: "No connection. Trying again…",
  connecting: "Connecting…",
  greeting: "Hello! How can I help? I can tell you where your order is.",
  starters: [["Where is my order?", "Where is my order?"], ["I want to return something", "I want to return something"]],
  log: "Conversation",
  placeholder: "Write a message…",
  message: "Message",
  send: "Send",
  attach: "Attach a file",
  remove: "Remove {name}",
  close: "Close chat",
  menu: "More",
  human: "Talk to a person",
  humanText: "I would like to talk to a person.",
  callback: "Call me back",
  callbackText: "Please call me back on {phone}.",
  languages: "Language",
  suggestions: "Suggested answers",
  latest: "New messages",
  sending: "Sending",
  sent: "Sent",
  failed: "Not sent",
  retry: "Try again",
  typing: "{name} is typing",
  thinking: "The assistant is looking into it",
  next: "You are next",
  place: "Your place in line: {n}",
  soon: "less than a minute",
  about: { one: "about {n} minute", other: "about {n} minutes" },
  between: { one: "{low} to {n} minute", other: "{low} to {n} minutes" },
  steps: "Step {done} of {total}",
  today: "Today",
  yesterday: "Yesterday",
  surveyTitle: "How did we do?",
  scores: ["Very bad", "Bad", "So-so", "Good", "Very good"],
  score: "{n} of 5: {word}",
  comment: "What should we know? (if you like)",
  surveySend: "Send rating",
  surveyThanks: "Thank you. We read every answer.",
  startNew: "Start a new conversation",
  transcript: "Send the conversation by e-mail",
  transcriptText: "We will send a copy of this conversation to your address.",
  transcriptDone: "The conversation is on its way to {email}.",
  email: "E-mail",
  name: "Name",
  phone: "Phone number",
  callbackHint: "With the country code, for example {example}. We will call as soon as somebody is free.",
  offlineTitle: "Nobody is at the desk right now",
  offlineText: "Leave your question and your e-mail: we will answer as soon as we are back. The assistant is here at any hour.",
  offlineSend: "Leave a message",
  offlineDone: "Thank you. We will answer to {email}.",
  question: "Your question",
  cancel: "Cancel",
  badEmail: "Please check the e-mail address.",
  badPhone: "Please check the number: digits, with the country code.",
  needText: "Please write your question.",
  tryLater: "That did not work. Please try again in a moment.",
  notHere: "That cannot be done here at the moment.",
  tooOften: "That was quite often. Please wait a little.",
  tooLarge: "{name} is too large: {most} MB at most.",
  tooMany: { one: "At most {n} file in one message.", other: "At most {n} files in one message." },
  uploadFailed: "{name} could not be uploaded.",
};

const RU = {
  title: "Помощник {company}",
  answersAtOnce: "Отвечает сразу",
  peopleHere: "Отвечает сразу · люди на месте",
  peopleAway: "Отвечает сразу в любое время",
  inQueue: "Ищем для вас сотрудника…",
  withAgent: "С вами {name}",
  aPerson: "Сотрудник",
  assistant: "Помощник",
  you: "Вы",
  ended: "Разговор завершён",
  offline: "Нет связи. Пробуем ещё раз…",
  connecting: "Соединяемся…",
  greeting: "Здравствуйте! Чем помочь? Могу узнать, где ваш заказ.",
  starters: [["Где мой заказ?", "Где мой заказ?"], ["Хочу вернуть товар", "Хочу вернуть товар"]],
  log: "Переписка",
  placeholder: "Напишите сообщение…",
  message: "Сообщение",
  send: "Отправить",
  attach: "Приложить файл",
  remove: "Убрать {name}",
  close: "Закрыть чат",
  menu: "Ещё",
  human: "Позвать человека",
  humanText: "Хочу поговорить с человеком.",
  callback: "Перезвоните мне",
  callbackText: "Перезвоните мне, пожалуйста: {phone}.",
  languages: "Язык",
  suggestions: "Варианты ответа",
  latest: "Новые сообщения",
  sending: "Отправляется",
  sent: "Отправлено",
  failed: "Не отправлено",
  retry: "Повторить",
  typing: "{name} печатает",
  thinking: "Помощник ищет ответ",
  next: "Ваша очередь следующая",
  place: "Ваше место в очереди: {n}",
  soon: "меньше минуты",
  between: { one: "от {low} до {n} минуты", few: "от {low} до {n} минут", many: "от {low} до {n} минут", other: "от {low} до {n} минуты" },
  about: { one: "около {n} минуты", few: "около {n} минут", many: "около {n} минут", other: "около {n} минуты" },
  steps: "Шаг {done} из {total}",
  today: "Сегодня",
  yesterday: "Вчера",
  surveyTitle: "Как мы справились?",
  scores: ["Очень плохо", "Плохо", "Так себе", "Хорошо", "Отлично"],
  score: "{n} из 5: {word}",
  comment: "Что нам стоит знать? (по желанию)",
  surveySend: "Отправить оценку",
  surveyThanks: "Спасибо! Мы читаем каждый отзыв.",
  startNew: "Начать новый разговор",
  transcript: "Прислать переписку на почту",
  transcriptText: "Пришлём копию этого разговора на ваш адрес.",
  transcriptDone: "Переписка отправлена на {email}.",
  email: "Электронная почта",
  name: "Имя",
  phone: "Номер телефона",
  callbackHint: "С кодом страны, например {example}. Позвоним, как только освободится сотрудник.",
  offlineTitle: "Сейчас никого нет на месте",
  offlineText: "Оставьте вопрос и почту: ответим, как только вернёмся. Помощник здесь в любое время.",
  offlineSend: "Оставить сообщение",
  offlineDone: "Спасибо! Ответим на {email}.",
  question: "Ваш вопрос",
  cancel: "Отмена",
  badEmail: "Проверьте, пожалуйста, адрес почты.",
  badPhone: "Проверьте, пожалуйста, номер: цифры, с кодом страны.",
  needText: "Напишите, пожалуйста, ваш вопрос.",
  tryLater: "Не получилось. Попробуйте, пожалуйста, чуть позже.",
  notHere: "Сейчас здесь это сделать нельзя.",
  tooOften: "Слишком часто. Подождите, пожалуйста, немного.",
  tooLarge: "Файл {name} слишком большой: не больше {most} МБ.",
  tooMany: { one: "В одном сообщении не больше {n} файла.", few: "В одном сообщении не больше {n} файлов.", many: "В одном сообщении не больше {n} файлов.", other: "В одном сообщении не больше {n} файла." },
  uploadFailed: "Не удалось загрузить {name}.",
};

const ES = {
  title: "Asistente de {company}",
  answersAtOnce: "Responde al momento",
  peopleHere: "Al momento · también hay personas",
  peopleAway: "Responde al momento, a cualquier hora",
  inQueue: "Buscando a una persona…",
  withAgent: "Le atiende {name}",
  aPerson: "Una persona",
  assistant: "Asistente",
  you: "Usted",
  ended: "Conversación terminada",
  offline: "Sin conexión. Intentándolo de nuevo…",
  connecting: "Conectando…",
  greeting: "¡Hola! ¿En qué puedo ayudarle? Puedo decirle dónde está su pedido.",
  starters: [["¿Dónde está mi pedido?", "¿Dónde está mi pedido?"], ["Quiero devolver algo", "Quiero devolver algo"]],
  log: "Conversación",
  placeholder: "Escriba un mensaje…",
  message: "Mensaje",
  send: "Enviar",
  attach: "Adjuntar un archivo",
  remove: "Quitar {name}",
  close: "Cerrar el chat",
  menu: "Más",
  human: "Hablar con alguien",
  humanText: "Quiero hablar con una persona.",
  callback: "Que me llamen",
  callbackText: "Llámenme, por favor, al {phone}.",
  languages: "Idioma",
  suggestions: "Respuestas sugeridas",
  latest: "Mensajes nuevos",
  sending: "Enviando",
  sent: "Enviado",
  failed: "No enviado",
  retry: "Reintentar",
  typing: "{name} está escribiendo",
  thinking: "El asistente lo está mirando",
  next: "Es usted la siguiente persona",
  place: "Su lugar en la cola: {n}",
  soon: "menos de un minuto",
  between: { one: "entre {low} y {n} minuto", many: "entre {low} y {n} minutos", other: "entre {low} y {n} minutos" },
  about: { one: "alrededor de {n} minuto", many: "unos {n} minutos", other: "unos {n} minutos" },
  steps: "Paso {done} de {total}",
  today: "Hoy",
  yesterday: "Ayer",
  surveyTitle: "¿Qué tal lo hemos hecho?",
  scores: ["Muy mal", "Mal", "Regular", "Bien", "Muy bien"],
  score: "{n} de 5: {word}",
  comment: "¿Algo que debamos saber? (opcional)",
  surveySend: "Enviar valoración",
  surveyThanks: "Gracias. Leemos todas las respuestas.",
  startNew: "Empezar otra conversación",
  transcript: "Enviar la conversación por correo",
  transcriptText: "Le enviaremos una copia de esta conversación.",
  transcriptDone: "La conversación va de camino a {email}.",
  email: "Correo electrónico",
  name: "Nombre",
  phone: "Teléfono",
  callbackHint: "Con el prefijo del país, por ejemplo {example}. Le llamaremos en cuanto haya alguien libre.",
  offlineTitle: "Ahora mismo no hay nadie disponible",
  offlineText: "Deje su pregunta y su correo: responderemos en cuanto volvamos. El asistente está aquí a cualquier hora.",
  offlineSend: "Dejar un mensaje",
  offlineDone: "Gracias. Le responderemos a {email}.",
  question: "Su pregunta",
  cancel: "Cancelar",
  badEmail: "Revise la dirección de correo, por favor.",
  badPhone: "Revise el número, por favor: cifras, con el prefijo del país.",
  needText: "Escriba su pregunta, por favor.",
  tryLater: "No ha funcionado. Inténtelo de nuevo en un momento, por favor.",
  notHere: "Ahora mismo no se puede hacer aquí.",
  tooOften: "Demasiadas veces seguidas. Espere un poco, por favor.",
  tooLarge: "{name} es demasiado grande: {most} MB como máximo.",
  tooMany: { one: "Como máximo {n} archivo por mensaje.", many: "Como máximo {n} archivos por mensaje.", other: "Como máximo {n} archivos por mensaje." },
  uploadFailed: "No se ha podido subir {name}.",
};

const WORDS = { en: EN, ru: RU, es: ES };
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

/** What is said in one language; `say("place", {n: 2})`, plural forms by `n`. */
export class Words {
  constructor(language) {
    this.language = WORDS[language] ? language : "en";
    this.plural = new Intl.PluralRules(this.language);
    const locale = navigator.languages.find((each) => each.startsWith(this.language)) ?? this.language;
    this.clock = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
    this.date = new Intl.DateTimeFormat(locale, { day: "numeric", month: "long" });
  }

  say(name, values = {}) {
    const found = WORDS[this.language][name];
    if (typeof found === "string") return fill(found, values);
    if (Array.isArray(found)) return found;
    return fill(found[this.plural.select(values.n)] ?? found.other, values);
  }

  wait(seconds, longest) {
    if (seconds === null || seconds === undefined) return "";
    const low = Math.ceil(seconds / 60), high = Math.ceil((longest ?? seconds) / 60);
    if (high <= 1) return this.say("soon");
    return low < high ? this.say("between", { low, n: high }) : this.say("about", { n: high });
  }

  size(bytes) {
    const [amount, unit] = bytes < 1_048_576 ? [bytes / 1024, "kilobyte"] : [bytes / 1_048_576, "megabyte"];
    const format = new Intl.NumberFormat(this.language, { style: "unit", unit, maximumFractionDigits: amount < 10 ? 1 : 0 });
    return format.format(amount);
  }

  time(iso) {
    return this.clock.format(new Date(iso));
  }

  day(iso, now = new Date()) {
    const days = Math.round((startOfDay(now) - startOfDay(new Date(iso))) / 86_400_000);
    if (days === 0) return this.say("today");
    return days === 1 ? this.say("yesterday") : this.date.format(new Date(iso));
  }
}

function startOfDay(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

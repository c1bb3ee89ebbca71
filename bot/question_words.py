"""Words that say little of what a question is about, by language, without accents."""

# What people ask *with*, not *about*. Negations go too: they would favour passages that negate anything.
STOP_WORDS = {
    "en": """
        a about above actually after again all already also am an and another any anyone anything are aren as ask at b
        be because been before being but by came can cannot cant could d did didn didnt do does doesn doesnt doing don
        dont each either else even ever every everything few find for from further get gets getting give given go goes
        going gonna got great guys had has hasn have haven having he hello help her here hers hey hi him his how however
        i id if ill im in into is isn isnt it its itself ive just kindly know let lets like little ll lot m made make
        makes many may maybe me might mine more most much must my myself need needs no nor not now of off ok okay on
        once one only or other our ours out over own please pls possible put question quite re really right s said same
        say see seem shall she should so some somebody someone something soon sort still stuff such sure t take tell
        than thank thanks that thats the their theirs them then there these they thing things think this those though
        through thus to too try trying u under until up us use used using ve very via wanna want wanted wants was wasn
        way we well were weren what whats when where whether which while who whom whose why will wish with within
        without won wonder wondering would wouldn y yes yet you your yours""",
    "ru": """
        а без более больше будем будет будете будешь буду будут будь бы был была были было быть в вам вами вас ваш ваша
        ваше вашего вашей вашем вашему ваши вашим вашими ваших вашу весь во вообще вот впрочем все всегда всего всей
        всем всеми всему всех всю вся вы где говорить да давайте даже делать день для до добрый должен должна должно
        других другой его ее ей ему если есть еще ж же за зачем здесь здравствуйте знаете знать и из или им ими иногда
        интересует их к как какая какие какими каких какого какое какой каком какую ко когда кого кому которая которого
        которое которой котором которую которые который которых кто куда ли либо лучше меня мне много мог могу могут
        можем может можете можно мои мой мою моя мы на надо нам нами нас наш наша наше нашего нашей наши не него нее ней
        нельзя нет ни нибудь никогда ним них ничего но ну нужен нужна нужно нужны об один одна однако он она они оно от
        очень перед по под подскажите пожалуйста помогите понять после потом потому почему пояснить при привет про
        просто прошу раз разве расскажите с сам сама сами самого своего своей свои свой свою себе себя сейчас скажите
        сколько со совсем спасибо так такая такие такого такое такой там твой те тебе тебя тем теперь то тогда того тоже
        той только том тому тот тут ты у уже узнать хорошо хотел хотела хотели хотелось хотим хотите хочу чего чей чем
        чему через что чтоб чтобы чья эта эти этих это этого этой этом этому этот эту я""",
    "es": """
        a acaso ademas ahi ahora al algo alguien algun alguna algunas alguno algunos alla alli ante antes aquel aquella
        aquello aqui asi aun aunque ayuda ayudar bien buen buena buenas bueno buenos cada casi como con contra cosa
        cosas cual cuales cualquier cuando cuanta cuantas cuanto cuantos da dan dar de debe deben deberia debo decir
        decirme del desde dia dias dice donde dos e el ella ellas ello ellos en entonces entre era eran eres es esa esas
        ese eso esos esta estaba estan estar estas este esto estos estoy etc favor fue fueron gracias gustaria ha haber
        habia hace hacen hacer haces hacia hago han has hasta hay haya he hola hoy igual ir la las le les lo los luego
        mas me mejor menos mi mia mientras mio mis misma mismo mucha muchas mucho muchos muy nada nadie necesito ni
        ningun ninguna no nos nosotros nuestra nuestro o os otra otras otro otros para parte pero podeis podemos poder
        podria podrian por porque posible pregunta primero pude puede pueden puedo pues que querer queria quien quienes
        quiere quiero quisiera realmente sabe saber se sea sean ser sera si sido siempre siguiente sin sobre sois solo
        somos son soy su sus tal tambien tampoco tan tanto te tendria teneis tenemos tener tengo tiene tienen toda todas
        todo todos tras tu tus tuve u un una unas uno unos usted ustedes va vais vale vamos van vez vosotros voy vuestra
        vuestras vuestro vuestros y ya yo""",
}

# Circumstances people tell along the way. They count only where the documents speak of them (“open on Saturday”).
LIGHT_WORDS = {
    "en": """
        accidentally afternoon ago almost always answer anyway apparently arrive arrived ask asked away bad beautiful
        big boss bought boyfriend bring brought buy buying came care choose colleague come coming couple currently
        daughter day days dear decide decided definitely difference different easy end evening exactly expect explain
        family far fast father feel fine first five four friday friend friends full girlfriend guy happen happened
        happens happy hate hear heard hold hope hour hours house husband idea important instead interested involved keep
        kind last lately later latest leave live lived lives living long look looking love lovely maybe mean minute
        minutes moment monday money month months morning mornings mother move mum near new next nice night normal
        normally now number offer often old orders parents people perfect person personal place plan planning possible
        possibly prefer probably problem purchase purchased quick quickly ready really reason receive received recently
        regarding remember saturday second seem seen sell send sent several simple since situation son sorry special
        standard start stay suddenly sunday supposed talk thing three thursday till time times today together told
        tomorrow tonight total try trying tuesday turn two type understand unfortunately usual usually wait waiting
        wednesday week weekend weeks whole wife woman wonder word work working works world worried worth write wrote
        year years yesterday young""",
    "ru": """
        бабушка беспокоит брат брать вариант вдруг вечер вечером взял взяли взять вижу возник вопрос вопросы время вроде
        вторник второй выбрать выглядит выходит выяснить говорят год года году готов готовы дал далеко дали дать два две
        двое двух девушка день детей дети дней дня долго дом дома доме домой дорогой друг друга другом думаю едем ехать
        ждать ждем жду жена жену живем живу завтра заметил заметила звонил зря идея имеется ищем ищу июнь каждый кажется
        квартира квартире квартиру коллега конечно купил купила купили купить купленный лет любой люди мама маму машина
        мес месяц месяца месяцев минут момент муж мужа наверно наверное назад найти начать недавно неделе недели недель
        неделю нормально ночь ночью обед обеда обычно один окажется оказалось осталось ответ ответить ответьте отлично
        папа пару первый подруга позавчера покупал покупала покупали покупка поможет помочь понедельник понимаю понял
        правда примерно пришлось проблема пятница пятницу работа работаю реально решил решили решить родители рядом
        самый сегодня семья сестра слишком случай случайно случилось смотрю собираемся собираюсь совет среда среду
        срочно стал стали стало стоит столько странно суббота сын так тоже тот третий три ужасно узнал узнали успею утро
        утром хватит целый час часа часов человек четверг четыре четырех""",
    "es": """
        abuela adelante agosto ahora algo alguno amiga amigo amigos ano anoche anos antes aparece apenas aproximadamente
        ayer barato bastante bonito buscando buscar busco caro casa caso chica chico claro comenta comentar compra
        comprado comprados compramos comprar compre conozco consulta consultar correcto cosa creo cualquiera cuatro
        cuenten daria deja dejado dejar demasiado dentro depende despues dia dias diferencia diferente dificil domingo
        ejemplo encanta encontrar encuentro enero enseguida entender entiendo esposa esposo explicar facil falta familia
        feliz fin final forma frecuente funciona general gente grande gusta gustado hablar haria hermana hermano hija
        hijo hora horas idea importante incluso informacion intento interesa interesado jueves julio junio lado largo
        lejos llama llegado llegar llego llevar llevo lunes madre mal manana mananas mandar mando manera marido martes
        mayo mayor mes meses miercoles minuto minutos momento mujer mundo necesita necesitamos noche normal normalmente
        novia novio nueva nuevo numero nunca objeto ocurre ocurrido padre padres parece pareja pasa pasada pasado
        pasando pasar pensar pequena pequeno perdon perdone persona personas piensa pienso poco primer primera problema
        pronto proxima proximo quedado quedar rapido razon realidad recientemente recordar resulta sabado salir salvo
        segunda segundo seguro semana semanas senor senora siempre situacion solamente suele suelen supuesto tarda
        tardar tarde tardes temprano tercero tiempo tipo total totalmente trabajar trabajo trata tres ultima ultimo
        urgente usar utilizar veces vecino venir ver vida viernes vivimos vivir vivo volver""",
}

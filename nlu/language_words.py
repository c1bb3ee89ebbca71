"""Words that tell English from Spanish: common in one and not a word of the other (so no “no”, “me”, “he”, “real”)."""


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


ENGLISH = _words(
    """
    the an and or but of to in on at for from with without by about into is are was were be been being am isn't aren't
    wasn't it it's its this that these those there here i i'm i've i'd i'll im ive my mine you your yours you're ur
    we our us they them their she his her what what's when where where's which who whom how how's why can can't cannot
    could couldn't would should shall will won't do does did don't doesn't didn't dont doesnt didnt have has had
    haven't hasn't havent not any some only also just already yet still than then so if because after before please
    pls plz thanks thank thx hello hey good morning evening afternoon bye goodbye yes yeah yep yup nope nah okay sure
    right correct want wanted need get got give make take send sent receive received arrive arrived deliver delivered
    order ordered orders delivery shipping tracking invoice refund return returns money back card pay paid payment
    address change cancel speak talk help agent human person operator call phone email open opening hours store shop
    price cost much many today tomorrow yesterday week monday tuesday wednesday thursday friday saturday sunday
    chair chairs table shelf shelves sofa desk bed broken damaged missing wrong never nothing let's let
    english spanish russian language again start number looking buy stock warranty discount account password nice
    great really very terrible awful my sorry forget mind stop too lost status complaint manager work
    """
)
SPANISH = _words(
    """
    el la los las lo un una unos unas del al de que qué y o en con por para sin sobre desde hasta entre es son era
    eran ser soy eres está esta están estan estoy este estos estas esto ese esa eso aquí aqui ahí ahi mi mis tu tus su
    sus nuestro nuestra yo usted ustedes ellos ella nosotros le les se nos te cuál cual cuándo cuando dónde donde cómo
    como quién quien cuánto cuanto cuánta cuanta cuántos cuantos cuesta porqué porque puedo puede pueden podría podria
    podrían podemos quiero quería queria quisiera quieren necesito tengo tiene tienen tenía hay hemos han había
    hace hacer hago muy más mas menos ya todavía todavia aún aun también tambien solo sólo nada algo alguien ningún
    ninguna favor gracias hola buenas buenos días dias tardes noches adiós adios luego sí si vale claro bueno bien
    pedido pedidos pedí compra compré compre comprar entrega entregar entregaron envío envio enviar envíen llega llegó
    llego llegado llegará factura reembolso devolución devolucion devolver dinero tarjeta pagar pago pagué dirección
    direccion cambiar cancelar anular hablar ayuda persona agente operador llamar llámenme teléfono telefono correo
    abren abierto horario horarios tienda precio hoy mañana manana ayer semana lunes martes miércoles miercoles jueves
    viernes sábado sabado domingo silla sillas mesa estante estantería sofá escritorio cama roto rota dañado falta
    faltan equivocado español espanol castellano inglés ingles ruso idioma otra otro vez empezar número numero
    descuento garantía garantia cuenta contraseña nunca jamás pésimo malo mala excelente perfecto genial dale listo
    dejalo déjalo olvídalo olvidalo pero entonces después despues antes ustedes vosotros habláis hablas habla
    montaje armado estado rastrear seguimiento quejarme queja reclamo atrás volver eso correcto exacto
    """
)

"""What the pages for readers say, by language; English where a language is not known here. Pure.

``{name}`` is the newsletter's name, ``{address}`` the reader's masked address or the words of ``this_address``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENGLISH = {
    "this_address": "your address",
    "ask": "Unsubscribe from {name}?",
    "ask_text": "Then {address} gets no more mail from {name}.",
    "button": "Unsubscribe",
    "done": "You are unsubscribed",
    "done_text": "{address} gets no more mail from {name}. What is already on its way may still arrive.",
    "undo_text": "Was that a mistake? For a day you can take it back here.",
    "undo_button": "Subscribe again",
    "undone": "You are subscribed again",
    "undone_text": "{address} gets {name} as before.",
    "too_late": "This can no longer be taken back",
    "too_late_text": "A day has passed. To get {name} again, subscribe as you did the first time.",
    "lost": "This link does not work",
    "lost_text": "Perhaps your mail program cut it off: open the whole link, or answer the mail and ask.",
    "not_now": "That did not work just now",
    "not_now_text": "Nothing was changed. Please try again in a few minutes.",
    "archive": "All posts",
    "feed": "Feed",
    "empty": "There is nothing here yet.",
}
_LANGUAGES: dict[str, dict[str, str]] = {
    "de": {
        "this_address": "Ihre Adresse",
        "ask": "{name} abbestellen?",
        "ask_text": "Dann erhält {address} keine Mail von {name} mehr.",
        "button": "Abmelden",
        "done": "Sie sind abgemeldet",
        "done_text": "{address} erhält keine Mail von {name} mehr. Was schon unterwegs ist, kann noch eintreffen.",
        "undo_text": "War das ein Versehen? Einen Tag lang lässt es sich hier zurücknehmen.",
        "undo_button": "Wieder anmelden",
        "undone": "Sie sind wieder angemeldet",
        "undone_text": "{address} erhält {name} wie zuvor.",
        "too_late": "Das lässt sich nicht mehr zurücknehmen",
        "too_late_text": "Ein Tag ist vergangen. Um {name} wieder zu erhalten, melden Sie sich an wie beim ersten Mal.",
        "lost": "Dieser Link geht nicht",
        "lost_text": "Vielleicht hat Ihr Mailprogramm ihn gekürzt. Öffnen Sie den ganzen Link oder antworten Sie "
        "auf die Mail.",
        "not_now": "Das ging gerade nicht",
        "not_now_text": "Es wurde nichts geändert. Bitte versuchen Sie es in ein paar Minuten noch einmal.",
        "archive": "Alle Beiträge",
        "feed": "Feed",
        "empty": "Hier ist noch nichts.",
    },
    "fr": {
        "this_address": "votre adresse",
        "ask": "Se désabonner de {name} ?",
        "ask_text": "{address} ne recevra alors plus de message de {name}.",
        "button": "Se désabonner",
        "done": "Vous êtes désabonné",
        "done_text": "{address} ne recevra plus de message de {name}. Ce qui est déjà parti peut encore arriver.",
        "undo_text": "Une erreur ? Pendant un jour, vous pouvez revenir en arrière ici.",
        "undo_button": "Se réabonner",
        "undone": "Vous êtes de nouveau abonné",
        "undone_text": "{address} reçoit {name} comme avant.",
        "too_late": "Il n’est plus possible de revenir en arrière",
        "too_late_text": "Un jour a passé. Pour recevoir à nouveau {name}, abonnez-vous comme la première fois.",
        "lost": "Ce lien ne fonctionne pas",
        "lost_text": "Votre messagerie l’a peut-être coupé : ouvrez le lien entier, ou répondez au message.",
        "not_now": "Cela n’a pas fonctionné",
        "not_now_text": "Rien n’a été changé. Réessayez dans quelques minutes.",
        "archive": "Tous les articles",
        "feed": "Flux",
        "empty": "Il n’y a encore rien ici.",
    },
    "es": {
        "this_address": "su dirección",
        "ask": "¿Darse de baja de {name}?",
        "ask_text": "{address} no recibirá más correo de {name}.",
        "button": "Darse de baja",
        "done": "Se ha dado de baja",
        "done_text": "{address} no recibirá más correo de {name}. Lo que ya está en camino aún puede llegar.",
        "undo_text": "¿Fue un error? Durante un día puede deshacerlo aquí.",
        "undo_button": "Volver a suscribirse",
        "undone": "Está suscrito de nuevo",
        "undone_text": "{address} recibe {name} como antes.",
        "too_late": "Ya no se puede deshacer",
        "too_late_text": "Ha pasado un día. Para recibir {name} otra vez, suscríbase como la primera vez.",
        "lost": "Este enlace no funciona",
        "lost_text": "Quizá su programa de correo lo cortó: abra el enlace entero, o responda al mensaje.",
        "not_now": "No ha funcionado",
        "not_now_text": "No se ha cambiado nada. Inténtelo de nuevo en unos minutos.",
        "archive": "Todas las entradas",
        "feed": "Fuente",
        "empty": "Todavía no hay nada aquí.",
    },
    "it": {
        "this_address": "il tuo indirizzo",
        "ask": "Annullare l’iscrizione a {name}?",
        "ask_text": "{address} non riceverà più posta da {name}.",
        "button": "Annulla l’iscrizione",
        "done": "Iscrizione annullata",
        "done_text": "{address} non riceverà più posta da {name}. Ciò che è già partito può ancora arrivare.",
        "undo_text": "È stato un errore? Per un giorno puoi tornare indietro qui.",
        "undo_button": "Iscriviti di nuovo",
        "undone": "Sei di nuovo iscritto",
        "undone_text": "{address} riceve {name} come prima.",
        "too_late": "Non si può più tornare indietro",
        "too_late_text": "È passato un giorno. Per ricevere di nuovo {name}, iscriviti come la prima volta.",
        "lost": "Questo link non funziona",
        "lost_text": "Forse il tuo programma di posta l’ha tagliato: apri il link intero, o rispondi al messaggio.",
        "not_now": "Non ha funzionato",
        "not_now_text": "Non è cambiato nulla. Riprova tra qualche minuto.",
        "archive": "Tutti gli articoli",
        "feed": "Feed",
        "empty": "Qui non c’è ancora nulla.",
    },
    "pt": {
        "this_address": "o seu endereço",
        "ask": "Cancelar a subscrição de {name}?",
        "ask_text": "{address} deixa de receber correio de {name}.",
        "button": "Cancelar a subscrição",
        "done": "Subscrição cancelada",
        "done_text": "{address} deixa de receber correio de {name}. O que já está a caminho ainda pode chegar.",
        "undo_text": "Foi engano? Durante um dia pode voltar atrás aqui.",
        "undo_button": "Subscrever de novo",
        "undone": "Está subscrito de novo",
        "undone_text": "{address} recebe {name} como antes.",
        "too_late": "Já não é possível voltar atrás",
        "too_late_text": "Passou um dia. Para receber {name} outra vez, subscreva como da primeira vez.",
        "lost": "Esta ligação não funciona",
        "lost_text": "Talvez o programa de correio a tenha cortado: abra a ligação inteira, ou responda à mensagem.",
        "not_now": "Não funcionou",
        "not_now_text": "Nada foi alterado. Tente de novo dentro de alguns minutos.",
        "archive": "Todos os artigos",
        "feed": "Feed",
        "empty": "Ainda não há nada aqui.",
    },
    "nl": {
        "this_address": "uw adres",
        "ask": "Afmelden voor {name}?",
        "ask_text": "Dan krijgt {address} geen mail meer van {name}.",
        "button": "Afmelden",
        "done": "U bent afgemeld",
        "done_text": "{address} krijgt geen mail meer van {name}. Wat al onderweg is, kan nog aankomen.",
        "undo_text": "Was dat een vergissing? Een dag lang kunt u het hier terugdraaien.",
        "undo_button": "Weer aanmelden",
        "undone": "U bent weer aangemeld",
        "undone_text": "{address} krijgt {name} als voorheen.",
        "too_late": "Dit kan niet meer worden teruggedraaid",
        "too_late_text": "Er is een dag voorbij. Meld u aan zoals de eerste keer om {name} weer te krijgen.",
        "lost": "Deze link werkt niet",
        "lost_text": "Misschien heeft uw mailprogramma hem afgekapt: open de hele link, of beantwoord het bericht.",
        "not_now": "Dat lukte zojuist niet",
        "not_now_text": "Er is niets veranderd. Probeer het over een paar minuten opnieuw.",
        "archive": "Alle berichten",
        "feed": "Feed",
        "empty": "Hier is nog niets.",
    },
}


def phrases(language: str) -> Mapping[str, str]:
    """What the pages say in a language."""
    return _ENGLISH | _LANGUAGES.get(language.lower().replace("_", "-").split("-")[0], {})


def known(language: str) -> bool:
    """Whether the pages speak a language, or fall back to English."""
    primary = language.lower().replace("_", "-").split("-")[0]
    return primary == "en" or primary in _LANGUAGES

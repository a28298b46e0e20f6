"""Send a Markdown post as a newsletter: once to every subscriber, over SMTP, from a git folder.

The map of the house. Imports go one way, from the top of this list to its bottom; rooms on one line
do not know each other (import-linter holds this, see .importlinter)::

    __main__                                    starts the command line, maps what escapes to an exit code
    cli                                         options in, one job called, its report printed
    jobs                                        one module per thing a user asks for; prepare serves them all
    delivery | feedback | web | doctor          SMTP out | bounces in | HTTP | what a provider would hold against you
    message                                     a rendered post becomes bytes with slots, and bytes per person
    rendering | audience                        Markdown to mail HTML and text | list files to subscribers
    post | ledger                               a post file, read and stamped | what was sent to whom, kept
    config                                      newsletter.toml, environment and options
    assets | files | tokens | replies           shipped files | reading and atomic writing | keys | SMTP codes
    addresses | times                           one address, its comparison key | instants, durations, rates, clocks
    problems                                    what is wrong, said once; the exceptions that end a run

A datum travels once and changes type at each door: file bytes, ``post.model.Post``,
``rendering.model.Rendered``, ``message.model.Draft``, and per person ``message.model.Parcel``; list bytes,
``audience.model.Subscriber``, ``ledger.model.Claim``, and its settled outcome.
"""

__version__ = "0.1.0"

"""The task queue: the one package that knows django-q2.

Tasks live in the booking database (django-q2's ORM broker), so enqueueing joins the caller's
transaction: either both the booking and its task exist or neither. Tasks are named by dotted path,
because the floors above know this one and not the other way round, and carry ids only.

Two kinds of tasks share a cluster. A patient one, such as a mail, gives way to any other that fell due at
most PATIENCE after it: guests wait for their table, and a mail may take a few seconds.
"""

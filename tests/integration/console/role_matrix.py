"""Who may open what: the rights of each group at every address of the site, as people would tell them.

Written down apart from `config.roles`, so that a change of either shows. A new address needs an entry.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from config.roles import (
    ACCESS_ADMINISTRATOR,
    ENGINEERING_LEAD,
    MANAGER,
    ON_CALL,
    OPS_AGENT,
    OPS_LEAD,
    PRODUCT_OWNER,
    ROLES,
    VIEWER,
)

Groups = frozenset[str]

#: People who are no member of a group: without a session, and staff with nothing but the right to sign in.
ANYBODY, STAFF = "anybody", "staff without a group"

NONE: Groups = frozenset()
ACCESS: Groups = frozenset({ACCESS_ADMINISTRATOR})
#: The product's roles; who makes their accounts is none of them.
ALL: Groups = frozenset(ROLES) - ACCESS
SIGNED_IN: Groups = ALL | ACCESS | {STAFF}
EVERYBODY: Groups = SIGNED_IN | {ANYBODY}

LEAD: Groups = frozenset({OPS_LEAD})
OPS: Groups = frozenset({OPS_AGENT, OPS_LEAD})
ENGINEERING: Groups = frozenset({ENGINEERING_LEAD})
ROLLOUT: Groups = ALL - OPS
QUEUE: Groups = frozenset({ENGINEERING_LEAD, ON_CALL, MANAGER})
WEBHOOKS: Groups = frozenset({OPS_LEAD, ENGINEERING_LEAD, ON_CALL})
MAILS: Groups = frozenset({OPS_LEAD, ON_CALL})
EXPORT: Groups = frozenset({OPS_LEAD, PRODUCT_OWNER})
GUESTS: Groups = frozenset({OPS_LEAD, MANAGER})
RESCUE: Groups = frozenset({OPS_LEAD, ON_CALL})
ACKNOWLEDGE: Groups = frozenset({OPS_LEAD, ENGINEERING_LEAD, ON_CALL, MANAGER})
CHANGE_FLAGS: Groups = frozenset({ENGINEERING_LEAD, ON_CALL})
DECIDE_FLAGS: Groups = CHANGE_FLAGS | {MANAGER}
FLAGS: Groups = ROLLOUT - {VIEWER}
WORK: Groups = ROLLOUT - {VIEWER}
ROLL_BACK: Groups = QUEUE
POLICY: Groups = frozenset({ENGINEERING_LEAD, MANAGER})
#: Groups that answer for every restaurant: records of no restaurant are theirs alone.
EVERYWHERE: Groups = ALL - {OPS_AGENT, VIEWER}


@dataclass(frozen=True, kw_only=True, slots=True)
class Who:
    """The groups that may GET an address, and those that may POST to it."""

    get: Groups = NONE
    post: Groups = NONE


@dataclass(frozen=True, kw_only=True, slots=True)
class Records:
    """The groups that may do each thing with the records of a model."""

    view: Groups = NONE
    add: Groups = NONE
    change: Groups = NONE
    delete: Groups = NONE


#: Addresses of our own; the name is that of the URLconf.
PAGES: Mapping[str, Who] = {
    # Reviews: everybody looks, operations work.
    "admin:review_queue": Who(get=ALL),
    "admin:review_case": Who(get=ALL),
    "admin:review_presence": Who(post=ALL),
    "admin:review_wishes": Who(get=ALL),
    "admin:review_wish_accept": Who(post=OPS),
    "admin:review_wish_decline": Who(post=OPS),
    **{
        f"admin:review_{step}": Who(post=OPS)
        for step in (
            "next", "undo", "fix", "quick_fix", "requeue", "reject", "snooze", "wake", "note", "release",
            "take_over", "save_view", "drop_view",
        )
    },
    "admin:review_bulk": Who(post=LEAD),
    # The floor: everybody looks, operations serve.
    "admin:floor": Who(get=ALL),
    **{
        f"admin:floor_{step}": Who(post=OPS)
        for step in ("walk_in", "check_in", "complete", "no_show", "lock", "unlock", "move", "assign")
    },
    # Restaurants: everybody looks, leads plan; operations take tables out of service for a while.
    # Who makes accounts sees where people may work.
    "admin:restaurants": Who(get=ALL | ACCESS),
    "admin:restaurant": Who(get=ALL | ACCESS),
    "admin:restaurant_gaps": Who(get=ALL | ACCESS),
    **{
        f"admin:plan_{kind}_{step}": Who(get=LEAD, post=LEAD)
        for kind in ("table", "combination", "zone", "service", "turntime", "pacing", "closure")
        for step in ("add", "edit")
    },
    "admin:plan_neighbours_edit": Who(get=LEAD, post=LEAD),
    "admin:plan_block_add": Who(get=OPS, post=OPS),
    "admin:plan_block_edit": Who(get=OPS, post=OPS),
    # Guests' requests, over all restaurants.
    "admin:guest_data": Who(get=GUESTS, post=GUESTS),
    # How it goes: figures and alerts are those of all restaurants together.
    "admin:health": Who(get=EVERYWHERE),
    "admin:alerts": Who(get=EVERYWHERE),
    "admin:acknowledge_alert": Who(post=ACKNOWLEDGE),
    # Flags are of all restaurants.
    **{f"admin:{page}": Who(get=FLAGS) for page in ("flags", "flags_effect", "flags_history")},
    **{f"admin:flags_{step}": Who(post=CHANGE_FLAGS) for step in ("save", "roll_back", "withdraw")},
    "admin:comparison": Who(get=ROLLOUT),
    "admin:comparison_pair": Who(get=ROLLOUT),
    "admin:audit": Who(get=ALL - {OPS_AGENT}),
    "admin:audit_export": Who(get=frozenset({OPS_LEAD, PRODUCT_OWNER, ENGINEERING_LEAD, MANAGER})),
    "admin:flags_kill": Who(post=DECIDE_FLAGS),
    **{f"admin:flags_{step}": Who(post=DECIDE_FLAGS) for step in ("approve", "reject")},
    # The rollout is of all restaurants; what is done there has a right of its own each.
    "admin:rollout": Who(get=WORK),
    "admin:rollout_phase": Who(get=WORK),
    "admin:rollout_sign_off": Who(get=WORK),
    "admin:rollout_propose": Who(get=WORK, post=WORK),
    "admin:rollout_roll_back": Who(get=ROLL_BACK, post=ROLL_BACK),
    "admin:rollout_incidents": Who(get=WORK, post=WORK),
    "admin:rollout_policy": Who(get=WORK, post=POLICY),
    "admin:rollout_adopt": Who(post=POLICY),
    "admin:rollout_override": Who(post=frozenset({MANAGER})),
    **{
        f"admin:rollout_{step}": Who(post=WORK)
        for step in (
            "start", "import", "look", "parallel", "tick", "remark", "issue", "issue_resolve", "bundle",
            "sign", "withdraw", "incident_close",
        )
    },
    "admin:stuck": Who(get=ALL),
    "admin:stuck_rescue": Who(post=RESCUE),
    "admin:booking_timeline": Who(get=ALL),
    "admin:booking_timeline_export": Who(get=EXPORT),
    # Of their own restaurants, for those who work at some.
    "admin:explorer": Who(get=ALL),
    "admin:events": Who(get=ALL),
    # Probes, and figures for whoever has the token.
    "healthz": Who(get=EVERYBODY),
    "readyz": Who(get=EVERYBODY),
    "metrics": Who(get=EVERYBODY),
    # The frame of the console.
    "admin:index": Who(get=SIGNED_IN, post=SIGNED_IN),
    "admin:find": Who(get=SIGNED_IN),
    **{
        f"admin:{page}": Who(get=SIGNED_IN) for page in ("help", "help_page", "help_search", "help_picture")
    },
    "admin:mailbox": Who(get=EVERYWHERE),
    "admin:mailbox_letter": Who(get=EVERYWHERE),
    "admin:login": Who(get=frozenset({ANYBODY}), post=EVERYBODY),
    "admin:logout": Who(post=SIGNED_IN),
    "admin:password_change": Who(get=SIGNED_IN, post=SIGNED_IN),
    "admin:password_change_done": Who(get=SIGNED_IN),
    "admin:auth_user_password_change": Who(get=ACCESS, post=ACCESS),
    "admin:jsi18n": Who(get=SIGNED_IN),
    # Without a model named, nobody has anything to choose from.
    "admin:autocomplete": Who(),
    # No record has a page outside the console.
    "admin:view_on_site": Who(),
    "admin:app_list": Who(get=ALL | ACCESS, post=ALL | ACCESS),
    # Signing in: the second step is for who has just given the password, whom no session here is of.
    "admin:second_step": Who(),
    "admin:second_step_setup": Who(get=SIGNED_IN, post=SIGNED_IN),
    "admin:security": Who(get=SIGNED_IN),
    "admin:security_change": Who(post=SIGNED_IN),
    "admin:sign_in_people": Who(get=ACCESS),
    "admin:sign_in_unlock": Who(post=ACCESS),
    "admin:sign_in_unlock_address": Who(post=ACCESS),
    "admin:sign_in_reset": Who(post=ACCESS),
    "admin:sign_in_link": Who(post=ACCESS),
    # The link itself says whose it is.
    "admin:new_password": Who(get=EVERYBODY, post=EVERYBODY),
    # Exports hold guests' data.
    "admin:bookings_booking_export": Who(get=EXPORT),
    "admin:export_events": Who(get=EXPORT),
    # Mails and webhooks.
    "admin:bookings_outboxmessage_letter": Who(get=ALL),
    "admin:bookings_outboxmessage_resend": Who(get=MAILS, post=MAILS),
    "admin:bookings_outboxmessage_delivered": Who(get=MAILS, post=MAILS),
    "admin:bookings_webhookendpoint_secret": Who(get=ENGINEERING, post=ENGINEERING),
    "admin:bookings_webhookendpoint_test": Who(get=WEBHOOKS, post=WEBHOOKS),
    "admin:bookings_webhookdelivery_resend": Who(get=WEBHOOKS, post=WEBHOOKS),
    # With a restaurant goes who works there, which is the administrators' to say.
    "admin:bookings_restaurant_delete": Who(get=LEAD),
    # Imports.
    "admin:bookings_restaurant_import": Who(get=LEAD, post=LEAD),
    "admin:bookings_importrun_new": Who(get=LEAD, post=LEAD),
    "admin:bookings_importrun_prepare": Who(get=LEAD, post=LEAD),
    "admin:bookings_importrun_result": Who(get=LEAD, post=LEAD),
    "admin:bookings_importrun_stop": Who(get=LEAD, post=LEAD),
    "admin:bookings_importrun_resume": Who(get=LEAD, post=LEAD),
    "admin:bookings_importrun_rejects": Who(get=LEAD, post=LEAD),
    # Channels come with a token; nobody's session opens the API, and its documents are public.
    **{
        f"api:{name}": Who()
        for name in (
            "bookings", "booking", "cancel", "check_in", "complete", "no_show", "restaurants", "restaurant",
            "floor_plan", "availability", "walk_ins",
        )
    },
    "api:openapi": Who(get=EVERYBODY),
    "api:openapi_yaml": Who(get=EVERYBODY),
    "api:docs": Who(get=EVERYBODY),
}  # fmt: skip

#: What everybody in a group may look at, and nobody changes by hand.
_SERVICE = Records(view=ALL)
_FLOOR_PLAN = Records(view=ALL, add=LEAD, change=LEAD, delete=LEAD)
_ROLLOUT = Records(view=ROLLOUT)
_QUEUE = Records(view=QUEUE)

#: Pages of records, by model.
RECORDS: Mapping[str, Records] = {
    **{
        f"bookings_{model}": _FLOOR_PLAN
        for model in (
            "zone", "table", "adjacency", "combination", "combinationtable", "serviceperiod",
            "closure", "turntime", "pacinglimit",
        )
    },
    "bookings_restaurant": Records(view=ALL | ACCESS, add=LEAD, change=LEAD, delete=LEAD),
    "bookings_tableblock": Records(view=ALL, add=OPS, change=OPS, delete=OPS),
    "bookings_booking": Records(view=ALL, add=OPS, change=OPS),
    "bookings_allocation": _SERVICE,
    "bookings_statechange": _SERVICE,
    "bookings_bookingmove": _SERVICE,
    "bookings_changewish": _SERVICE,
    "bookings_outboxmessage": _SERVICE,
    "bookings_guesterasure": Records(view=GUESTS),
    "bookings_importrun": Records(view=LEAD),
    "bookings_importreject": Records(view=LEAD),
    "bookings_channeltoken": Records(view=ENGINEERING, add=ENGINEERING, change=ENGINEERING),
    "bookings_apianswer": Records(view=ENGINEERING),
    "bookings_webhookendpoint": Records(view=WEBHOOKS, add=ENGINEERING, change=ENGINEERING),
    "bookings_webhookdelivery": Records(view=WEBHOOKS),
    "bookings_staffrestaurant": Records(view=ACCESS),
    "auth_user": Records(view=ACCESS, add=ACCESS, change=ACCESS),
    "auth_group": Records(view=ACCESS),
    **{
        f"assignments_{model}": _SERVICE
        for model in (
            "attempt", "slot", "nowfit", "reviewcase", "resolution", "casenote", "casepresence", "queueview",
        )
    },
    **{
        f"assignments_{model}": _ROLLOUT
        for model in (
            "cohort", "flagstate", "flagoverride", "flagchange", "flagacknowledgement", "flagproposal",
            "flagdecision", "shadowcomparison", "gatepolicy", "phase", "snapshot", "signoff", "signature",
            "gateoverride", "checklisttick", "incident", "knownissue", "remark", "ledgerentry",
            "importedevidence", "guardstanding", "rolloutnotice",
        )
    },
    "observability_event": _SERVICE,
    # Of no restaurant, so that the lists are empty for who works at some.
    **{
        f"observability_{model}": Records(view=ALL - {OPS_AGENT})
        for model in ("alert", "alertchange", "alertnotice", "rulestanding", "servicetiming")
    },
    **{f"django_q_{model}": _QUEUE for model in ("ormq", "success", "failure", "schedule")},
}  # fmt: skip


def may(name: str) -> Who | None:
    """Who may open the address of that name; None if nobody has said so."""
    return PAGES.get(name) or _of_records(name)


def _of_records(name: str) -> Who | None:
    """A list and a history take a POST as they take a GET; a page that only shows refuses it."""
    model, _, page = name.removeprefix("admin:").rpartition("_")
    known = RECORDS.get(model)
    if known is None:
        return None
    return {
        "changelist": Who(get=known.view, post=known.view),
        "history": Who(get=known.view, post=known.view),
        "add": Who(get=known.add, post=known.add),
        "change": Who(get=known.view, post=known.change),
        "delete": Who(get=known.delete, post=known.delete),
    }.get(page)

"""What is booked: floor plan, calendar, bookings, their state history and the outbox."""

from bookings.models.api_answer import ApiAnswer
from bookings.models.booking import Allocation, Booking, BookingMove, BookingStatus, StateChange
from bookings.models.calendar import Closure, PacingLimit, ServicePeriod, TurnTime, Weekday
from bookings.models.channel_token import ChannelToken, TokenRight
from bookings.models.floor_plan import (
    Adjacency,
    Combination,
    CombinationTable,
    Restaurant,
    Table,
    TableAttribute,
    TableBlock,
    Zone,
    ZoneKind,
)
from bookings.models.guest_erasure import GuestErasure
from bookings.models.imports import ImportReject, ImportRun, ImportStatus
from bookings.models.outbox import MailKind, MailStatus, OutboxMessage, original_message_id
from bookings.models.staff import StaffRestaurant
from bookings.models.webhooks import (
    TEST_EVENT,
    DeliveryStatus,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)
from bookings.models.wish import ChangeWish, WishStatus

__all__ = [
    "TEST_EVENT",
    "Adjacency",
    "Allocation",
    "ApiAnswer",
    "Booking",
    "BookingMove",
    "BookingStatus",
    "ChangeWish",
    "ChannelToken",
    "Closure",
    "Combination",
    "CombinationTable",
    "DeliveryStatus",
    "GuestErasure",
    "ImportReject",
    "ImportRun",
    "ImportStatus",
    "MailKind",
    "MailStatus",
    "OutboxMessage",
    "PacingLimit",
    "Restaurant",
    "ServicePeriod",
    "StaffRestaurant",
    "StateChange",
    "Table",
    "TableAttribute",
    "TableBlock",
    "TokenRight",
    "TurnTime",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEvent",
    "Weekday",
    "WishStatus",
    "Zone",
    "ZoneKind",
    "original_message_id",
]

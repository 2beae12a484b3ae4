"""Tables of this floor."""

from observability.models.alert import Alert as Alert
from observability.models.alert import AlertChange as AlertChange
from observability.models.alert import AlertNotice as AlertNotice
from observability.models.alert import AlertState as AlertState
from observability.models.alert import Channel as Channel
from observability.models.alert import Priority as Priority
from observability.models.alert import RuleStanding as RuleStanding
from observability.models.alert import RuleState as RuleState
from observability.models.event import FAILED as FAILED
from observability.models.event import SOURCES as SOURCES
from observability.models.event import Event as Event
from observability.models.event import Severity as Severity
from observability.models.notice import Notice as Notice
from observability.models.notice import NoticeStatus as NoticeStatus
from observability.models.notice import due_index as due_index
from observability.models.notice import rules_of_notices as rules_of_notices
from observability.models.timing import ServiceTiming as ServiceTiming
from observability.models.timing import Timed as Timed

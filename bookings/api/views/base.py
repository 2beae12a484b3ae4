"""What all operations share."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.views import APIView

from bookings.api.authentication import method_of
from bookings.api.filters import check_parameters
from bookings.models import TokenRight


class Operation(APIView):
    """Names the right each method needs and the query parameters it knows; others are refused."""

    rights: ClassVar[dict[str, TokenRight]]
    parameters: ClassVar[tuple[str, ...]] = ()
    repeatable: ClassVar[tuple[str, ...]] = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if method_of(request) in self.rights:
            check_parameters(request, self.parameters, self.repeatable)

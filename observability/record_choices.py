"""Choices of another record in a form: offered are those that this person sees."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.widgets import (
    AutocompleteMixin,
    AutocompleteSelect,
    AutocompleteSelectMultiple,
    RelatedFieldWidgetWrapper,
)
from django.db.models import Model, QuerySet
from django.http import HttpRequest

if TYPE_CHECKING:
    _Options = admin.options.BaseModelAdmin[Any]
    _Autocomplete = AutocompleteMixin
else:
    _Options = _Autocomplete = object


class _KeysOnly(_Autocomplete):
    """Django looks up whatever an address or a form held; what is no key is nobody's here, and no fault."""

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        return super().optgroups(name, [given for given in value if str(given).isdecimal()], attr)


class _Choice(_KeysOnly, AutocompleteSelect):
    pass


class _Choices(_KeysOnly, AutocompleteSelectMultiple):
    pass


class ChoosesRecords(_Options):
    """For pages of records and their inlines."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        return _without_buttons(super().formfield_for_dbfield(db_field, request, **options))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if self.admin_site.is_registered(db_field.remote_field.model):
            rows = seen_by(request, db_field.remote_field.model, self.admin_site)
            options.setdefault("queryset", rows)
        if db_field.name in self.get_autocomplete_fields(request):
            options.setdefault("widget", _Choice(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **options)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            options.setdefault("widget", _Choices(db_field, self.admin_site))
        return super().formfield_for_manytomany(db_field, request, **options)


def seen_by(request: HttpRequest, model: type[Model], site: admin.AdminSite) -> QuerySet[Any]:
    """The rows of a model that its own list shows this person."""
    records = site.get_model_admin(model)
    rows = records.get_queryset(request)
    return rows.order_by(*records.get_ordering(request))


def _without_buttons(field: Any) -> Any:
    """Without the buttons that edit, add or delete the other record in passing."""
    if isinstance(getattr(field, "widget", None), RelatedFieldWidgetWrapper):
        field.widget.can_add_related = False
        field.widget.can_change_related = False
        field.widget.can_delete_related = False
        field.widget.can_view_related = False
    return field

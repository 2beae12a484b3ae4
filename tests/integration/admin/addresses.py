"""Addresses of a model's pages."""

from typing import Any

from django.db.models import Model
from django.urls import reverse


def list_of(model: type[Model]) -> str:
    return _page(model, "changelist")


def add_to(model: type[Model]) -> str:
    return _page(model, "add")


def page_of(row: Model) -> str:
    return _page(type(row), "change", row.pk)


def deletion_of(row: Model) -> str:
    return _page(type(row), "delete", row.pk)


def _page(model: type[Model], name: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)

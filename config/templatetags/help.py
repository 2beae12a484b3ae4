"""Links from what a page shows to where it is explained."""

from django import template

from config.console.help.sections import section_url

register = template.Library()


@register.simple_tag
def help_url(kind: str, key: str) -> str:
    """Address of the section about an alert, a cause, a check, an event, a gate or a verdict."""
    return section_url(kind, str(key))

"""Outbox: promises mails in the transaction that makes them due, and sends them right once."""

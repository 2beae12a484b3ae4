"""The rehearsal: all phases of the rollout on generated demand and a simulated clock, signed by demo people.

Coordinator, legacy planner, gates, guard, sign-offs and evidence are the real ones, in a database of their
own. Simulated is the clock of the domain: when bookings come in, retries fall due and windows end. Leases,
locks and the breaker stay on the servers' time. No mail is sent.
"""

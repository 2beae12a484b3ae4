"""Made-up restaurants and made-up demand for the demo, the rehearsal, the benchmarks and the tests.

Read in this order: `layout` (what a restaurant is here), `floor_plans` (three templates), `published` (the
aggregates the draws are calibrated on), `load` (how much demand is much), `arrivals` (a day's bookings),
`accommodating` (days that are known to fit). All of it is pure Python: one `random.Random` seed gives one
result, byte for byte. Only `loading` touches the database.
"""

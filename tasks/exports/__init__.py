"""Duties out to spreadsheets, reports, calendars and programs, and progress in again.

`rows` gathers what every format shows; `workbook`, `report`, `feed` and `delimited` each write
one format as bytes, `render` any of them; `filled` reads a sheet that came back, `progress` turns it into steps.
"""
